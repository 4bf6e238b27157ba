"""Django REST framework: `python drf_app.py runserver --noreload 8000`."""

import sys
from functools import partial

from django.conf import settings
from django.core.management import execute_from_command_line
from django.urls import path

settings.configure(
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.middleware.locale.LocaleMiddleware"],
    ALLOWED_HOSTS=["127.0.0.1"],
    REST_FRAMEWORK={
        "EXCEPTION_HANDLER": "imagegate.frameworks.drf.exception_handler",
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
    },
)

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

import imagegate
from imagegate.frameworks.drf import GatedImageField, exception_handler


class PhotoSerializer(serializers.Serializer):
    """One photo, and a note."""

    photo = GatedImageField("legit_health")
    note = serializers.CharField(max_length=80, required=False)


class Photos(APIView):
    """Takes photos that pass."""

    def post(self, request: Request) -> Response:
        """Take a photo: a file as any other, with the report."""
        serializer = PhotoSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        photo = serializer.validated_data["photo"]
        warnings = [finding.cause.code for finding in photo.imagegate.warnings]
        return Response({"bytes": len(photo.read()), "warnings": warnings})


class TelesoftPhotos(Photos):
    """Says no as Telesoft's API does."""

    def get_exception_handler(self) -> partial:
        """Another dialect, for this view alone."""
        return partial(exception_handler, api="telesoft")


urlpatterns = [path("photos", Photos.as_view()), path("telesoft", TelesoftPhotos.as_view())]

if __name__ == "__main__":
    imagegate.warmup()  # now, and not with the first photo
    execute_from_command_line(sys.argv)
