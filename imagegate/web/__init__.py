"""The HTTP service: what arrives, within which bounds it is read and judged, and how it is answered.

Needs the extra imagegate[web]; of imagegate only the command line imports it, and `frameworks` what of it fits there.
"""
