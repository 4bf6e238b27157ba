"""Django: `python django_app.py runserver --noreload 8000`."""

import sys

from django import forms
from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

import imagegate
from imagegate.frameworks.django import GatedImageField, answer

# LocaleMiddleware makes the language of the browser the active one.
settings.configure(
    ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], MIDDLEWARE=["django.middleware.locale.LocaleMiddleware"]
)


class PhotoForm(forms.Form):
    """One photo, and a note."""

    photo = GatedImageField("legit_health")
    note = forms.CharField(max_length=80, required=False)


def upload(request: HttpRequest, api: str = "problem") -> HttpResponse:
    """Take a photo that passes: a file as any other, with the report."""
    form = PhotoForm(request.POST, request.FILES)
    if not form.is_valid():
        return answer(form, request, api=api)  # or show the form again: its errors have message and advice
    photo = form.cleaned_data["photo"]
    warnings = [finding.cause.code for finding in photo.imagegate.warnings]
    return JsonResponse({"bytes": len(photo.read()), "warnings": warnings})


urlpatterns = [path("photos", upload), path("telesoft", upload, {"api": "telesoft"})]

if __name__ == "__main__":
    imagegate.warmup()  # now, and not with the first photo
    execute_from_command_line(sys.argv)
