"""The HTTP service: what arrives, within which bounds it is read and judged, and how it is answered.

Needs the extra imagegate[web]; nothing else of imagegate imports it.
"""
