"""Fields and validators of Django and REST framework: their errors, their files, their answers."""

import io
import json
from functools import partial

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import InMemoryUploadedFile, TemporaryUploadedFile
from django.test import RequestFactory, override_settings
from django.utils.translation import override
from rest_framework import serializers
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from imagegate.bodies import BODIES
from imagegate.causes import CAUSES
from imagegate.frameworks import drf
from imagegate.frameworks.django import GatedImageField, GateValidator, answer
from imagegate.policy import Policy
from imagegate.words import say
from tests.frameworks.conftest import BLURRED, BROKEN, GOOD, NAME


def in_memory(data):
    return InMemoryUploadedFile(io.BytesIO(data), "photo", NAME, "image/jpeg", len(data), None)


@pytest.fixture
def on_disk(tmp_path):
    """A file that Django keeps on disk, as it does from 2.5 MB on."""
    opened = []

    def make(data):
        with override_settings(FILE_UPLOAD_TEMP_DIR=str(tmp_path)):
            file = TemporaryUploadedFile(NAME, "image/jpeg", len(data), None)
        file.write(data)
        file.seek(0)
        opened.append(file)
        return file

    yield make
    for file in opened:
        file.close()
    assert list(tmp_path.iterdir()) == []


class PhotoForm(forms.Form):
    photo = GatedImageField("legit_health")
    age = forms.IntegerField(required=False)


def form_with(picture=None, **fields):
    return PhotoForm(fields, {} if picture is None else {"photo": in_memory(picture)})


def codes(form):
    return {field: [error.code for error in errors] for field, errors in form.errors.as_data().items()}


# The field of a form


def test_a_good_photo_is_cleaned_to_its_file_with_the_report():
    form = form_with(GOOD)

    assert form.is_valid()
    assert form.cleaned_data["photo"].read() == GOOD
    assert form.cleaned_data["photo"].imagegate.profile == "legit_health"


@pytest.mark.parametrize(
    ("picture", "code"), [(BLURRED, "image_blurred"), (BROKEN, "image_corrupt"), (b"", "image_missing")]
)
def test_an_error_has_the_cause_as_its_code(picture, code):
    assert codes(form_with(picture)) == {"photo": [code]}


def test_a_form_without_a_file_has_the_cause_as_its_code():
    assert codes(form_with()) == {"photo": ["image_missing"]}


def test_a_field_that_is_not_required_may_be_empty():
    class Optional(forms.Form):
        photo = GatedImageField(required=False)

    assert Optional({}, {}).is_valid()
    assert codes(Optional({}, {"photo": in_memory(BLURRED)})) == {"photo": ["image_blurred"]}


def test_each_cause_is_an_error():
    strict = Policy(limits={"short_side": {"min": 5000}})

    class Strict(forms.Form):
        photo = GatedImageField(strict)

    assert set(codes(Strict({}, {"photo": in_memory(BLURRED)}))["photo"]) == {"resolution_too_low", "image_blurred"}


@pytest.mark.parametrize("lang", ["en", "es", "fr", "de", "es-mx"])
def test_an_error_is_in_the_active_language_with_advice(lang):
    with override(lang):
        (error,) = form_with(BLURRED).errors["photo"]

    assert error.endswith(say(CAUSES["image_blurred"].advice, lang[:2]))


def test_the_page_shows_the_error_and_nothing_of_the_file():
    html = form_with(BLURRED).as_p()

    assert CAUSES["image_blurred"].advice in html
    assert NAME not in html


def test_a_file_on_disk_is_read_where_it_is_and_rewound(on_disk):
    file = on_disk(GOOD)

    GateValidator()(file)

    assert file.tell() == 0
    assert file.imagegate.ok


def test_a_file_on_disk_that_is_refused_is_rewound_as_well(on_disk):
    file = on_disk(BLURRED)

    with pytest.raises(ValidationError):
        GateValidator()(file)

    assert file.read() == BLURRED


def test_a_file_is_read_no_further_than_the_policy_takes():
    class Long(io.BytesIO):
        longest = 0

        def read(self, size=-1):
            assert size >= 0
            self.longest = max(self.longest, self.tell() + size)
            return super().read(size)

    content = Long(GOOD + bytes(1 << 20))
    file = InMemoryUploadedFile(content, "photo", NAME, "image/jpeg", content.getbuffer().nbytes, None)
    small = Policy(limits={"file_size": {"max": 100_000}, "base64_length": {"max": 100_000}})

    with pytest.raises(ValidationError) as refused:
        GateValidator(small)(file)

    assert [error.code for error in refused.value.error_list] == ["file_too_large"]
    assert content.longest == 100_001


def test_what_was_read_in_part_before_is_judged_whole():
    file = in_memory(GOOD)
    file.read(1000)

    GateValidator()(file)


def test_a_validator_is_for_other_fields_too():
    """As of models, whose files know no upload."""
    with pytest.raises(ValidationError) as refused:
        forms.FileField(validators=[GateValidator("legit_health")]).clean(in_memory(BLURRED))
    file = ContentFile(GOOD)
    GateValidator()(file)

    assert [error.code for error in refused.value.error_list] == ["image_blurred"]
    assert file.imagegate.ok


def test_a_validator_can_stand_in_a_migration():
    path, args, options = GateValidator("legit_health").deconstruct()

    assert (path, args, options) == ("imagegate.frameworks.django.GateValidator", ("legit_health",), {})
    assert GateValidator("legit_health") == GateValidator("legit_health") != GateValidator()


def test_misuse_raises_where_the_field_is_declared():
    with pytest.raises(ValueError, match="policy"):
        GatedImageField("legit")


# Its answer


def answered(form, **options):
    response = answer(form, RequestFactory().post("/", headers={"X-Request-Id": "req-7"}), **options)
    return response.status_code, response.headers, json.loads(response.content)


def test_a_form_is_answered_with_all_that_is_wrong_and_a_400_first():
    status, headers, body = answered(form_with(BLURRED, age="old"))

    assert status == 400
    assert headers["Content-Type"] == "application/problem+json"
    assert [(error["code"], error["pointer"]) for error in body["errors"]] == [
        ("field_invalid", "#/age"),
        ("image_blurred", "#/photo"),
    ]
    assert body["requestId"] == "req-7"


def test_an_error_of_the_whole_form_points_to_the_whole():
    form = form_with(GOOD)
    form.add_error(None, "Too late.")

    assert [(error["detail"], error["pointer"]) for error in answered(form)[2]["errors"]] == [("Too late.", "#")]


def test_a_form_that_is_valid_has_no_error_to_answer_with():
    with pytest.raises(ValueError, match="form is valid"):
        answered(form_with(GOOD))


def test_an_answer_has_the_number_that_was_judged():
    (error,) = answered(form_with(BLURRED))[2]["errors"]

    assert error["metric"] == "blur_radius"
    assert error["value"] > error["limit"]


@pytest.mark.parametrize("api", BODIES)
def test_every_dialect_can_be_asked_for(api):
    status, _, body = answered(form_with(BLURRED), api=api)

    assert status == 422
    assert BODIES[api].parse(body) is not None


def test_an_answer_is_in_the_active_language():
    with override("de"):
        _, headers, body = answered(form_with())

    assert headers["Content-Language"] == "de"
    assert body["errors"][0]["advice"] == say(CAUSES["image_missing"].advice, "de")


# REST framework


class PhotoSerializer(serializers.Serializer):
    photo = drf.GatedImageField("legit_health")
    age = serializers.IntegerField(required=False)


def details(serializer, **data):
    one = serializer(data=data)
    assert not one.is_valid()
    return one.errors


def test_a_serializer_keeps_a_good_file_with_its_report():
    serializer = PhotoSerializer(data={"photo": in_memory(GOOD)})

    assert serializer.is_valid()
    assert serializer.validated_data["photo"].imagegate.ok


@pytest.mark.parametrize("given", [{"photo": in_memory(b"")}, {"photo": "a text"}, {"photo": None}, {}])
def test_what_is_no_file_has_the_cause_as_its_code(given):
    assert details(PhotoSerializer, **given)["photo"][0].code == "image_missing"


def test_an_error_of_a_serializer_has_code_message_and_advice():
    (error,) = details(PhotoSerializer, photo=in_memory(BLURRED))["photo"]

    assert error.code == "image_blurred"
    assert error.endswith(CAUSES["image_blurred"].advice)
    assert json.loads(json.dumps(error.code)) == "image_blurred"


def test_the_validator_serves_a_plain_field():
    class Plain(serializers.Serializer):
        photo = serializers.FileField(validators=[drf.GateValidator("legit_health")])

    assert details(Plain, photo=in_memory(BLURRED))["photo"][0].code == "image_blurred"


def raised(error, **options):
    class View(APIView):
        def post(self, request):  # noqa: ARG002 - as REST framework calls it
            raise error

        def get_exception_handler(self):
            return partial(drf.exception_handler, **options)

    response = View.as_view()(APIRequestFactory().post("/"))
    response.render() if hasattr(response, "render") else None
    return response.status_code, response.headers, json.loads(response.content)


def test_a_photo_within_a_list_of_serializers_is_pointed_to():
    class Visit(serializers.Serializer):
        photos = PhotoSerializer(many=True)

    errors = details(Visit, photos=[{"photo": in_memory(GOOD)}, {"photo": in_memory(BLURRED)}])
    status, headers, body = raised(serializers.ValidationError(errors))

    assert status == 422
    assert headers["Content-Type"] == "application/problem+json"
    assert body["errors"][0]["pointer"] == "#/photos/1/photo"


def test_what_else_is_wrong_stands_beside_it():
    errors = details(PhotoSerializer, photo=in_memory(BLURRED), age="old")
    status, _, body = raised(serializers.ValidationError(errors), api="telesoft")

    assert status == 400
    assert body["error"]["param"] == "age"


def test_errors_without_a_photo_are_answered_as_rest_framework_does():
    assert raised(serializers.ValidationError({"age": ["A number."]}))[2] == {"age": ["A number."]}
    assert raised(serializers.ValidationError(["Too late."]))[2] == ["Too late."]


def test_what_a_serializer_says_of_other_faults_of_a_file_is_its_own():
    class Short(serializers.Serializer):
        photo = drf.GatedImageField(max_length=3)

    assert details(Short, photo=in_memory(GOOD))["photo"][0].code == "max_length"
