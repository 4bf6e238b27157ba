"""ERRORS, the table of what an API's answer means: each status and code that its page on errors documents."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import msgspec

from imagegate.causes import CAUSES, LEGIT_IMAGE, LEGIT_REQUEST, LEGIT_UNCLEAR, Cause
from imagegate.words import Phrase

Fault: TypeAlias = Literal["caller", "service", "network"]


class Meaning(msgspec.Struct, frozen=True, kw_only=True):
    """What one answer means.

    Attributes:
        api: Whose page says so: a dialect, or an API that answers 200 with a rejection inside; None for any API.
        status: The HTTP status; None where there was no answer, or where the code alone tells.
        code: The code in the body, or the sentence that serves as one; "4xx" stands for the rest of a class; "" for
            whatever comes with the status.
        fault: Whose it is; None where nothing is wrong or it cannot be told.
        retryable: Whether the same request, sent again unchanged, may succeed.
        cause: What happened, in one sentence.
        advice: What to do, in one sentence, as the page advises.
        source: The page.
        judges: Whether it is a verdict on the picture, so that the gate's can be held against it.
        causes: What it says is wrong, as codes of CAUSES; empty where it does not say or the gate knows no such cause.
    """

    api: str | None
    status: int | None
    code: str
    fault: Fault | None
    retryable: bool
    cause: str
    advice: str
    source: str
    judges: bool = False
    causes: tuple[str, ...] = ()


# Of a request, so that no report on a picture alone can tell them.
REQUEST_CAUSES: Final = frozenset(
    {"json_malformed", "content_type_unsupported", "field_missing", "field_invalid", "too_many_images"}
)

LEGIT: Final = "Legit.Health, technical troubleshooting"
LEGIT_VALIDITY: Final = "Legit.Health, PHP SDK: mediaValidity"
LEGIT_VALIDITY_2: Final = "Legit.Health, API 2.1, domain validator: mediaValidity"
TELESOFT: Final = "Telesoft, error handling"
PEARMEDICA: Final = "PearMedica, error codes reference"
NEOLENS: Final = "Neolens, API troubleshooting"
NEOLENS_AI: Final = "Neolens, error handling, AI-specific errors"
COMMON: Final = "Troubleshooting API errors (the fifth document; its API is not named)"
FASTAPI: Final = "FastAPI, handling errors: RequestValidationError"
SDK_TESTS: Final = "Legit.Health, PHP SDK tests"
PERFECT: Final = "Perfect Corp, error codes: a task whose task_status is error"
PERFECT_FACE: Final = "Perfect Corp, AI Face Analyzer, file specs and errors"
GLAMAR: Final = "Glamar, poll skin analysis, output errors"
FHIR: Final = "FHIR R4, value set issue-type (hl7.org/fhir/R4/valueset-issue-type.html)"
RFC_9110: Final = "RFC 9110, section 15"
RFC_6585: Final = "RFC 6585"

# What a score of quality sums up; which of them it was, no answer tells.
TOO_POOR: Final = 422
_POOR: Final = tuple(
    cause.code
    for cause in CAUSES.values()
    if cause.status == TOO_POOR and cause.source == LEGIT_IMAGE and cause.code != "no_skin_visible"
)

_WAIT: Final = "Wait as long as the answer says, else a little longer each time, and send the request again."
_SLOW_DOWN: Final = "Wait as long as the answer says, else a little longer each time, and send fewer requests."


def _row(
    api: str | None,
    status: int | None,
    code: str,
    fault: Fault | None,
    again: Literal["retry", "final"],
    cause: str,
    advice: str,
    source: str,
    *causes: str,
    judges: bool = False,
) -> Meaning:
    """One row; what names a cause of the picture's judges the picture."""
    return Meaning(
        api=api,
        status=status,
        code=code,
        fault=fault,
        retryable=again == "retry",
        cause=cause,
        advice=advice,
        source=source,
        judges=judges or not REQUEST_CAUSES.issuperset(causes),
        causes=causes,
    )


# fmt: off
ERRORS: Final = (
    _row("legit_health", 400, "", "caller", "final", "The request is malformed, or the picture in it cannot be read.", "Check the JSON, its required fields and Content-Type: application/json, and that the picture is a whole JPEG or PNG in Base64.", f"{LEGIT_REQUEST}; Image upload and quality issues", judges=True),
    _row("legit_health", 401, "", "caller", "final", "The access token is missing, expired or invalid.", "Log in anew for a fresh token and send it as Bearer in the Authorization header.", f"{LEGIT}, Authentication errors"),
    _row("legit_health", 403, "", "caller", "final", "The credentials do not permit this request.", "Check that user name and password are right and not revoked, and log in anew.", f"{LEGIT}, Authentication errors"),
    _row("legit_health", 404, "", "caller", "final", "The endpoint or the resource does not exist.", "Compare URL, version and HTTP method with the current documentation.", f"{LEGIT}, Incorrect URLs"),
    _row("legit_health", 422, "", "caller", "final", "The picture's data or format is invalid, or the picture is too poor or shows no skin.", "Send a sharp, well-lit photo of the skin as JPEG or PNG in bare Base64.", LEGIT_IMAGE, judges=True),
    _row("legit_health", 429, "", "caller", "retry", "More requests were sent than the rate limit allows.", _SLOW_DOWN, f"{LEGIT}, Rate limiting"),
    _row("legit_health", 502, "", "service", "retry", "The service is overloaded or under maintenance.", "Wait a few minutes before sending the request again; look for maintenance if that does not help.", f"{LEGIT}, Network and performance issues"),
    _row("legit_health", 503, "", "service", "retry", "The service is overloaded or under maintenance.", "Wait a few minutes before sending the request again; look for maintenance if that does not help.", f"{LEGIT}, Network and performance issues"),
    _row("legit_health", None, "", "network", "retry", "There was no answer: the connection failed or timed out.", "Check connection, DNS and firewall, allow more time, and send smaller pictures.", f"{LEGIT}, Network and performance issues"),
    _row("legit_health", 200, "", None, "final", "The request succeeded.", "Where the result is unclear, send photos that show the affected skin plainly and from more angles, of a condition that the endpoint supports.", LEGIT_UNCLEAR, judges=True),
    _row("legit_health", 200, "quality.acceptable", "caller", "final", "The request succeeded, but the picture is too poor.", "Take the photo again, sharp, well lit and close enough.", LEGIT_VALIDITY, *_POOR),
    _row("legit_health", 200, "domain.isDermatological", "caller", "final", "The request succeeded, but the picture is not dermatological.", "Point the camera at the skin so that it fills most of the picture.", LEGIT_VALIDITY, "no_skin_visible"),
    _row("legit_health", 200, "hasEnoughQuality", "caller", "final", "The request succeeded, but the picture is too poor.", "Take the photo again, sharp, well lit and close enough.", LEGIT_VALIDITY_2, *_POOR),
    _row("legit_health", 200, "isDermatologyDomain", "caller", "final", "The request succeeded, but the picture is not dermatological.", "Point the camera at the skin so that it fills most of the picture.", LEGIT_VALIDITY_2, "no_skin_visible"),
    _row("legit_health", 200, "isValid", "caller", "final", "The request succeeded, but the picture is not valid.", "Take a sharp, well-lit photo in which skin fills most of the picture.", LEGIT_VALIDITY, judges=True),

    _row("telesoft", 400, "", "caller", "final", "The request is malformed, or a field of it is missing or invalid.", "Correct what the error names.", f"{TELESOFT}, HTTP status codes", judges=True),
    _row("telesoft", 401, "", "caller", "final", "The request lacks valid credentials.", "Check the Authorization header, and that the key or token is neither expired nor revoked.", f"{TELESOFT}, HTTP status codes"),
    _row("telesoft", 403, "", "caller", "final", "The credentials do not permit this request.", "Check the permissions, roles and scopes of the account or key.", f"{TELESOFT}, HTTP status codes"),
    _row("telesoft", 404, "", "caller", "final", "The endpoint or the resource does not exist.", "Check the URL, its version and the resource's identifier.", f"{TELESOFT}, HTTP status codes"),
    _row("telesoft", 422, "", "caller", "final", "The medical data fail validation.", "Provide every required field with a valid value.", f"{TELESOFT}, HTTP status codes", judges=True),
    _row("telesoft", 429, "", "caller", "retry", "More requests were sent than the rate limit allows.", _SLOW_DOWN, f"{TELESOFT}, HTTP status codes"),
    _row("telesoft", 500, "", "service", "final", "The service failed.", "Contact support with the request id if it persists.", f"{TELESOFT}, HTTP status codes; Retrying failed requests"),
    _row("telesoft", 502, "", "service", "retry", "A gateway got no proper answer from the server behind it.", _WAIT, f"{TELESOFT}, HTTP status codes"),
    _row("telesoft", 503, "", "service", "retry", "The service is overloaded or under maintenance.", _WAIT, f"{TELESOFT}, HTTP status codes"),
    _row("telesoft", 401, "authentication_error", "caller", "final", "The request lacks valid credentials.", "Check the Authorization header, and that the key or token is neither expired nor revoked.", f"{TELESOFT}, error types"),
    _row("telesoft", 401, "invalid_api_key", "caller", "final", "The API key or token is missing or invalid.", "Use the key of this environment (test or production), and check that the developer portal shows it as active.", f"{TELESOFT}, authentication_error"),
    _row("telesoft", 401, "expired_token", "caller", "final", "The access token has expired.", "Refresh the access token, then send the request again.", f"{TELESOFT}, authentication_error"),
    _row("telesoft", 403, "invalid_scope", "caller", "final", "The token lacks the scope for this operation.", "Ask for a token with the required scope.", f"{TELESOFT}, authentication_error"),
    _row("telesoft", 400, "invalid_request_error", "caller", "final", "The request is malformed, or a field of it is missing or invalid.", "Correct what the error names.", f"{TELESOFT}, error types", judges=True),
    _row("telesoft", 400, "parameter_missing", "caller", "final", "A required field is missing.", "Add the field that the error names.", f"{TELESOFT}, invalid_request_error", "field_missing"),
    _row("telesoft", 400, "parameter_invalid", "caller", "final", "A field has a value the API does not take.", "Correct what the error names.", f"{TELESOFT}, invalid_request_error", judges=True),
    _row("telesoft", 400, "json_parse_error", "caller", "final", "The request body is not valid JSON.", "Check the request with a JSON validator before sending it.", f"{TELESOFT}, invalid_request_error", "json_malformed"),
    _row("telesoft", 429, "rate_limit_error", "caller", "retry", "More requests were sent than the rate limit allows.", _SLOW_DOWN, f"{TELESOFT}, error types"),
    _row("telesoft", 429, "rate_limit_exceeded", "caller", "retry", "More requests were sent than the rate limit allows.", _SLOW_DOWN, f"{TELESOFT}, rate_limit_error"),
    _row("telesoft", 429, "concurrent_request_limit", "caller", "retry", "Too many requests are under way at once.", _SLOW_DOWN, f"{TELESOFT}, rate_limit_error"),
    _row("telesoft", 422, "medical_data_error", "caller", "final", "The medical data fail validation.", "Provide every required field with a valid value.", f"{TELESOFT}, error types"),
    _row("telesoft", 422, "medical_data_insufficient", "caller", "final", "There is not enough medical data for the analysis.", "Provide what the error lists as missing.", f"{TELESOFT}, medical_data_error"),
    _row("telesoft", 422, "medical_data_inconsistent", "caller", "final", "The medical data contradict each other.", "Correct what the error names.", f"{TELESOFT}, medical_data_error"),
    _row("telesoft", 422, "medical_term_unknown", "caller", "final", "A medical term is not recognised.", "Use a term that the API knows.", f"{TELESOFT}, medical_data_error"),
    _row("telesoft", 500, "internal_error", "service", "final", "The service failed.", "Contact support with the request id if it persists.", f"{TELESOFT}, error types; Retrying failed requests"),
    _row("telesoft", 503, "service_unavailable", "service", "retry", "A service behind the API is unavailable for a while.", _WAIT, f"{TELESOFT}, internal_error"),
    _row("telesoft", 500, "model_execution_error", "service", "final", "The analysis failed.", "Contact support with the request id if it persists.", f"{TELESOFT}, internal_error; Retrying failed requests"),
    _row("telesoft", 500, "database_error", "service", "final", "The service failed.", "Contact support with the request id if it persists.", f"{TELESOFT}, internal_error; Retrying failed requests"),

    _row("pearmedica", 400, "INVALID_REQUEST", "caller", "final", "The request is malformed, or a field of it is missing or invalid.", "Provide every required field with a valid value.", PEARMEDICA),
    _row("pearmedica", 400, "INSUFFICIENT_DATA", "caller", "final", "There are too few symptoms for an assessment.", "Provide at least one symptom that is present.", PEARMEDICA),
    _row("pearmedica", 401, "INVALID_API_KEY", "caller", "final", "The API key or token is missing or invalid.", "Check the Authorization header, and that the key or token is neither expired nor revoked.", PEARMEDICA),
    _row("pearmedica", 403, "QUOTA_EXCEEDED", "caller", "final", "The month's quota of assessments is used up.", "Upgrade the plan, or wait for the next billing cycle.", PEARMEDICA),
    _row("pearmedica", 404, "RESOURCE_NOT_FOUND", "caller", "final", "The endpoint or the resource does not exist.", "Check the URL, its version and the resource's identifier.", PEARMEDICA),
    _row("pearmedica", 429, "RATE_LIMIT_EXCEEDED", "caller", "retry", "More requests were sent than the rate limit allows.", _SLOW_DOWN, PEARMEDICA),
    _row("pearmedica", 500, "INTERNAL_ERROR", "service", "retry", "The service failed.", _WAIT, PEARMEDICA),
    _row("pearmedica", 503, "AI_PROVIDER_UNAVAILABLE", "service", "retry", "The AI model is unavailable for a while.", "Send the request again with exponential backoff, once GET /v1/health is no longer degraded.", PEARMEDICA),

    _row("neolens", 400, "", "caller", "final", "The request is malformed, or the picture in it cannot be read.", "Check the JSON, its required fields and Content-Type: application/json, and that the picture is a whole JPEG or PNG in Base64.", f"{NEOLENS}; error handling, InputFormatError", judges=True),
    _row("neolens", 401, "", "caller", "final", "The API key or token is missing or invalid.", "Check the Authorization header, and that the key or token is neither expired nor revoked.", NEOLENS),
    _row("neolens", 403, "", "caller", "final", "The credentials do not permit this request.", "Check the permissions, roles and scopes of the account or key.", NEOLENS),
    _row("neolens", 404, "", "caller", "final", "The endpoint or the resource does not exist.", "Check the URL, its version and the resource's identifier.", NEOLENS),
    _row("neolens", 409, "", "caller", "final", "The request conflicts with the state of the resource.", "Find out what conflicts before sending the request again.", NEOLENS),
    _row("neolens", 422, "", "caller", "final", "The model is not sure enough of its result.", "Send a clearer photo.", f"{NEOLENS_AI}: LowConfidence", judges=True),
    _row("neolens", 429, "", "caller", "retry", "More requests were sent than the rate limit allows.", _SLOW_DOWN, NEOLENS),
    _row("neolens", 500, "", "service", "retry", "The service failed.", "Send the request again later; contact support if it persists.", NEOLENS),
    _row("neolens", 503, "", "service", "retry", "The AI model is unavailable for a while.", "Send the request again later; contact support if it persists.", f"{NEOLENS_AI}: ModelUnavailable"),

    _row("google_rpc", 400, "", "caller", "final", "The request is malformed, or a field of it is missing or invalid.", "Correct what the error names.", COMMON, judges=True),
    _row("google_rpc", 401, "", "caller", "final", "The request lacks valid credentials.", "Refresh the access token, then send the request again.", COMMON),
    _row("google_rpc", 403, "", "caller", "final", "The credentials do not permit this request.", "Check the permissions, roles and scopes of the account or key.", COMMON),
    _row("google_rpc", 429, "", "caller", "retry", "More requests were sent than the rate limit allows.", "Wait as long as Retry-After says, and reuse each access token until it expires.", COMMON),
    _row("google_rpc", 500, "", "service", "retry", "The service failed, as happens now and then while it scales up.", _WAIT, COMMON),
    _row("google_rpc", 502, "", "service", "retry", "The service failed, as happens now and then while it scales up.", _WAIT, COMMON),
    _row("google_rpc", 503, "", "service", "retry", "The service failed, as happens now and then while it scales up.", _WAIT, COMMON),
    _row("google_rpc", 504, "", "service", "retry", "The service failed, as happens now and then while it scales up.", _WAIT, COMMON),
    _row("google_rpc", None, "", "network", "retry", "There was no answer: the connection failed or timed out.", "Check the connection, allow more time, and send the request again.", COMMON),

    _row("fastapi", 422, "", "caller", "final", "The request is malformed, or a field of it is missing or invalid.", "Correct what the error names.", FASTAPI, "field_invalid"),
    _row("fastapi", 422, "missing", "caller", "final", "A required field is missing.", "Add the field that the error names.", FASTAPI, "field_missing"),
    _row("fastapi", 422, "value_error", "caller", "final", "A field has a value the API does not take.", "Correct what the error names.", FASTAPI, judges=True),
    _row("fastapi", 422, "json_invalid", "caller", "final", "The request body is not valid JSON.", "Check the request with a JSON validator before sending it.", FASTAPI, "json_malformed"),
    _row("fastapi", 422, "Value error, Only base64 data is allowed", "caller", "final", "The picture was sent as a data: URI or is no Base64; the API takes bare Base64.", "Send only what follows the comma of the data: URI.", SDK_TESTS, "data_uri_forbidden", "base64_invalid"),

    _row("fhir", None, "invalid", "caller", "final", "The request is malformed, or a field of it is missing or invalid.", "Correct what the error names.", FHIR, judges=True),
    _row("fhir", None, "structure", "caller", "final", "The request is malformed, or the picture in it cannot be read.", "Correct what the error names.", FHIR, judges=True),
    _row("fhir", None, "required", "caller", "final", "A required field is missing.", "Add the field that the error names.", FHIR, "field_missing"),
    _row("fhir", None, "value", "caller", "final", "A field has a value the API does not take.", "Correct what the error names.", FHIR, judges=True),
    _row("fhir", None, "invariant", "caller", "final", "The request breaks a rule on what its fields may say together.", "Correct what the error names.", FHIR),
    _row("fhir", None, "security", "caller", "final", "The credentials do not permit this request.", "Check the permissions, roles and scopes of the account or key.", FHIR),
    _row("fhir", None, "login", "caller", "final", "The request lacks valid credentials.", "Check the Authorization header, and that the key or token is neither expired nor revoked.", FHIR),
    _row("fhir", None, "unknown", "caller", "final", "The request lacks valid credentials.", "Check the Authorization header, and that the key or token is neither expired nor revoked.", FHIR),
    _row("fhir", None, "expired", "caller", "final", "The access token has expired.", "Refresh the access token, then send the request again.", FHIR),
    _row("fhir", None, "forbidden", "caller", "final", "The credentials do not permit this request.", "Check the permissions, roles and scopes of the account or key.", FHIR),
    _row("fhir", None, "suppressed", "caller", "final", "The credentials do not permit this request.", "Check the permissions, roles and scopes of the account or key.", FHIR),
    _row("fhir", None, "not-supported", "caller", "final", "The API does not support the operation or the content of the request.", "Use what the API's reference describes.", FHIR),
    _row("fhir", None, "duplicate", "caller", "final", "The same was sent before.", "Find out what conflicts before sending the request again.", FHIR),
    _row("fhir", None, "multiple-matches", "caller", "final", "The request fits several resources.", "Correct what the error names.", FHIR),
    _row("fhir", None, "not-found", "caller", "final", "The endpoint or the resource does not exist.", "Check the URL, its version and the resource's identifier.", FHIR),
    _row("fhir", None, "deleted", "caller", "final", "The resource is gone for good.", "Use another address.", FHIR),
    _row("fhir", None, "too-long", "caller", "final", "The request is larger than the server takes.", CAUSES["file_too_large"].advice, FHIR, "file_too_large", "image_too_large", "too_many_images"),
    _row("fhir", None, "code-invalid", "caller", "final", "A field has a value the API does not take.", "Use a term that the API knows.", FHIR),
    _row("fhir", None, "extension", "caller", "final", "The request has an extension the API does not take.", "Correct what the error names.", FHIR),
    _row("fhir", None, "too-costly", "caller", "final", "The request would cost the server too much.", "Ask for less at a time.", FHIR),
    _row("fhir", None, "business-rule", "caller", "final", "The request is well-formed, but its content cannot be processed.", "Correct the request before sending it again.", FHIR, judges=True),
    _row("fhir", None, "conflict", "caller", "final", "The request conflicts with the state of the resource.", "Find out what conflicts before sending the request again.", FHIR),
    _row("fhir", None, "transient", "service", "retry", "The service failed.", _WAIT, FHIR),
    _row("fhir", None, "lock-error", "service", "retry", "The resource is locked for a while.", _WAIT, FHIR),
    _row("fhir", None, "no-store", "service", "retry", "A service behind the API is unavailable for a while.", _WAIT, FHIR),
    _row("fhir", None, "exception", "service", "retry", "The service failed.", "Send the request again later; contact support if it persists.", FHIR),
    _row("fhir", None, "timeout", "service", "retry", "The service did not finish in time.", _WAIT, FHIR),
    _row("fhir", None, "incomplete", "service", "retry", "Not every source of the data could be reached, so the answer is incomplete.", _WAIT, FHIR),
    _row("fhir", None, "throttled", "caller", "retry", "More requests were sent than the rate limit allows.", _SLOW_DOWN, FHIR),

    _row("perfect_corp", 200, "running", None, "retry", "The analysis is still running, so there is no verdict yet.", "Ask for the result a little later.", PERFECT),
    _row("perfect_corp", 200, "error", "service", "final", "The analysis failed for a reason that is not documented.", "Look the error up in the API's reference.", PERFECT),
    _row("perfect_corp", 200, "exceed_max_filesize", "caller", "final", "The file is larger than the API takes.", CAUSES["file_too_large"].advice, PERFECT, "file_too_large"),
    _row("perfect_corp", 200, "error_exceed_max_image_size", "caller", "final", "The picture has more pixels than the API takes.", CAUSES["image_too_large"].advice, PERFECT, "image_too_large"),
    _row("perfect_corp", 200, "error_below_min_image_size", "caller", "final", "The picture has fewer pixels than the API takes.", CAUSES["resolution_too_low"].advice, PERFECT_FACE, "resolution_too_low"),
    _row("perfect_corp", 200, "error_lighting_dark", "caller", "final", "The picture is too dark.", CAUSES["underexposed"].advice, "Perfect Corp, code seen in clients", "underexposed"),
    _row("perfect_corp", 200, "error_unsupport_ratio", "caller", "final", "The picture's shape is not supported.", CAUSES["aspect_ratio_extreme"].advice, PERFECT, "aspect_ratio_extreme"),
    _row("perfect_corp", 200, "error_decode_image", "caller", "final", "The picture cannot be read.", CAUSES["image_corrupt"].advice, PERFECT, "image_corrupt", "image_truncated", "format_unsupported", "format_mismatch"),
    _row("perfect_corp", 200, "error_no_face", "caller", "final", "No face was found in the picture.", "Take the photo from the front, with the whole face in it.", PERFECT, judges=True),
    _row("perfect_corp", 200, "error_multiple_people", "caller", "final", "There are several people in the picture.", "Take the photo of one person alone.", PERFECT, judges=True),
    _row("perfect_corp", 200, "error_large_face_angle", "caller", "final", "The face is turned too far aside.", "Look straight into the camera.", PERFECT, judges=True),
    _row("perfect_corp", 200, "error_pose", "caller", "final", "No pose could be made out in the picture.", "Take the photo from the front, with the whole face in it.", PERFECT, judges=True),
    _row("perfect_corp", 200, "error_face_parsing", "caller", "final", "The parts of the face could not be told apart.", "Take the photo from the front, with nothing covering the face.", PERFECT, judges=True),
    _row("perfect_corp", 200, "error_src_face_too_small", "caller", "final", "The face is too small in the picture.", "Come closer, so that the face fills most of the picture's width.", "Perfect Corp, code seen in clients", judges=True),
    _row("perfect_corp", 200, "error_src_face_out_of_bound", "caller", "final", "The face reaches beyond the picture.", "Take the photo from the front, with the whole face in it.", "Perfect Corp, code seen in clients", judges=True),
    _row("perfect_corp", 200, "error_nsfw_content_detected", "caller", "final", "The picture's content is not allowed.", "Send another photo.", PERFECT, judges=True),
    _row("perfect_corp", 200, "invalid_parameter", "caller", "final", "A field has a value the API does not take.", "Correct what the error names.", PERFECT, "field_invalid"),
    _row("perfect_corp", 200, "error_download_image", "caller", "final", "The service could not fetch the picture.", "Check the picture's URL, and that its upload was finished.", PERFECT),
    _row("perfect_corp", 200, "error_inference", "service", "retry", "The analysis failed.", "Start the task again.", PERFECT),
    _row("perfect_corp", 200, "error_upload", "service", "retry", "The service failed.", "Start the task again.", PERFECT),
    _row("perfect_corp", 200, "unknown_internal_error", "service", "retry", "The service failed.", "Start the task again.", PERFECT),

    _row("glamar", 200, "running", None, "retry", "The analysis is still running, so there is no verdict yet.", "Ask for the result a little later.", GLAMAR),
    _row("glamar", 200, "error", "caller", "final", "The analysis failed for a reason that is not documented.", "Look the error up in the API's reference.", GLAMAR, judges=True),
    _row("glamar", 200, "No face detected", "caller", "final", "No face was found in the picture.", "Take the photo from the front, with the whole face in it.", GLAMAR, judges=True),
    _row("glamar", 200, "Failed to read Image", "caller", "final", "The picture cannot be read.", CAUSES["image_corrupt"].advice, GLAMAR, "image_corrupt", "image_truncated", "format_unsupported", "format_mismatch"),
    _row("glamar", 200, "File size exceeds 5MB limit.", "caller", "final", "The file is larger than the API takes.", CAUSES["file_too_large"].advice, GLAMAR, "file_too_large"),
    _row("glamar", 200, "Unable to open image. Invalid or corrupted file.", "caller", "final", "The picture cannot be read.", CAUSES["image_corrupt"].advice, GLAMAR, "image_corrupt", "image_truncated", "format_mismatch", "format_unsupported"),
    _row("glamar", 200, "Unsupported image format. Only PNG, JPG, or JPEG is allowed.", "caller", "final", "The picture's format is not supported.", CAUSES["format_unsupported"].advice, GLAMAR, "format_unsupported", "format_mismatch"),
    _row("glamar", 200, "Image dimensions are too small. Min required resolution 1024x1024 pixels.", "caller", "final", "The picture has fewer pixels than the API takes.", CAUSES["resolution_too_low"].advice, GLAMAR, "resolution_too_low"),
    _row("glamar", 200, "Image resolution too large. Max allowed resolution 2048x2048 pixels.", "caller", "final", "The picture has more pixels than the API takes.", CAUSES["image_too_large"].advice, GLAMAR, "image_too_large"),

    _row(None, 202, "", None, "final", "The request was taken, but is not processed yet.", "Ask for the result a little later.", RFC_9110),
    _row(None, 400, "", "caller", "final", "The server takes the request for wrong.", "Correct the request before sending it again.", RFC_9110, judges=True),
    _row(None, 401, "", "caller", "final", "The request lacks valid credentials.", "Check the Authorization header, and that the key or token is neither expired nor revoked.", RFC_9110),
    _row(None, 402, "", "caller", "final", "The service asks for payment.", "Check the account's plan and balance.", RFC_9110),
    _row(None, 403, "", "caller", "final", "The credentials do not permit this request.", "Check the permissions, roles and scopes of the account or key.", RFC_9110),
    _row(None, 404, "", "caller", "final", "The endpoint or the resource does not exist.", "Check the URL, its version and the resource's identifier.", RFC_9110),
    _row(None, 405, "", "caller", "final", "The resource does not take this HTTP method.", "Use a method that the Allow header names.", RFC_9110),
    _row(None, 406, "", "caller", "final", "The server has no answer in a form that the request accepts.", "Correct the Accept headers.", RFC_9110),
    _row(None, 407, "", "network", "final", "A proxy on the way asks for credentials.", "Give the proxy's credentials.", RFC_9110),
    _row(None, 408, "", "network", "retry", "The request did not arrive whole in the time the server waits.", "Send the request again, with a smaller picture or on a better connection.", RFC_9110),
    _row(None, 409, "", "caller", "final", "The request conflicts with the state of the resource.", "Find out what conflicts before sending the request again.", RFC_9110),
    _row(None, 410, "", "caller", "final", "The resource is gone for good.", "Use another address.", RFC_9110),
    _row(None, 411, "", "caller", "final", "The server asks for the length of the body.", "Send a Content-Length header.", RFC_9110),
    _row(None, 412, "", "caller", "final", "A condition in the request's headers does not hold.", "Check the conditional headers.", RFC_9110),
    _row(None, 413, "", "caller", "final", "The request is larger than the server takes.", CAUSES["file_too_large"].advice, RFC_9110, "file_too_large", "image_too_large"),
    _row(None, 414, "", "caller", "final", "The URL is longer than the server takes.", "Send the picture in the body, not in the URL.", RFC_9110),
    _row(None, 415, "", "caller", "final", "The server does not take this type of content.", "Declare the type that the body has, and send one that the API takes.", RFC_9110, "content_type_unsupported"),
    _row(None, 421, "", "network", "retry", "The request reached a server that does not answer for this host.", "Send the request again on a new connection.", RFC_9110),
    _row(None, 422, "", "caller", "final", "The request is well-formed, but its content cannot be processed.", "Correct the request before sending it again.", RFC_9110, judges=True),
    _row(None, 425, "", "network", "retry", "The request came too early in the connection.", "Send the request again.", "RFC 8470, section 5.2"),
    _row(None, 426, "", "caller", "final", "The server asks for another protocol.", "Use the protocol that the Upgrade header names.", RFC_9110),
    _row(None, 428, "", "caller", "final", "The server asks for a conditional request.", "Add a condition such as If-Match.", RFC_6585),
    _row(None, 429, "", "caller", "retry", "More requests were sent than the rate limit allows.", _SLOW_DOWN, RFC_6585),
    _row(None, 431, "", "caller", "final", "The request's headers are larger than the server takes.", "Send fewer or shorter headers.", RFC_6585),
    _row(None, 451, "", "service", "final", "The resource is withheld for legal reasons.", "Ask the service.", "RFC 7725"),
    _row(None, 500, "", "service", "retry", "The service failed.", "Send the request again later; contact support if it persists.", RFC_9110),
    _row(None, 501, "", "service", "final", "The server cannot do what the request asks.", "Use what the API's reference describes.", RFC_9110),
    _row(None, 502, "", "service", "retry", "A gateway got no proper answer from the server behind it.", _WAIT, RFC_9110),
    _row(None, 503, "", "service", "retry", "The service is overloaded or under maintenance.", _WAIT, RFC_9110),
    _row(None, 504, "", "service", "retry", "A gateway waited too long for the server behind it.", _WAIT, RFC_9110),
    _row(None, 505, "", "service", "final", "The server does not take this version of HTTP.", "Use another version of HTTP.", RFC_9110),
    _row(None, 511, "", "network", "final", "The network asks for a login before it lets requests through.", "Log in to the network, then send the request again.", RFC_6585),
    _row(None, None, "1xx", None, "final", "The answer is provisional: the final one is still to come.", "Wait for the final answer.", RFC_9110),
    _row(None, None, "2xx", None, "final", "The request succeeded.", "There is nothing to do.", RFC_9110, judges=True),
    _row(None, None, "3xx", None, "final", "The resource is at another address.", "Send the request to the address that the Location header names.", RFC_9110),
    _row(None, None, "4xx", "caller", "final", "The server takes the request for wrong.", "Correct the request before sending it again.", RFC_9110),
    _row(None, None, "5xx", "service", "retry", "The service failed.", "Send the request again later; contact support if it persists.", RFC_9110),
    _row(None, None, "", "network", "retry", "There was no answer: the connection failed or timed out.", "Check the connection, allow more time, and send the request again.", RFC_9110),
)
# fmt: on


UNKNOWN: Final = Meaning(
    api=None,
    status=None,
    code="",
    fault=None,
    retryable=False,
    cause="There was an answer, but neither a status nor its body tells what it means.",
    advice="Say which status it had.",
    source="",
)

APIS: Final = tuple(dict.fromkeys(row.api for row in ERRORS if row.api is not None))
BY_CODE: Final[Mapping[tuple[str | None, str], Meaning]] = MappingProxyType(
    {(row.api, row.code): row for row in ERRORS if row.code}
)
BY_STATUS: Final[Mapping[tuple[str | None, int | None], Meaning]] = MappingProxyType(
    {(row.api, row.status): row for row in ERRORS if not row.code}
)


def of_cause(api: str, cause: Cause) -> Meaning:
    """What one of our own causes means in the body of an answer."""
    return Meaning(
        api=api,
        status=cause.status,
        code=cause.code,
        fault="caller",
        retryable=False,
        cause=Phrase("{title}.", title=cause.title),
        advice=cause.advice,
        source=cause.source,
        judges=cause.code not in REQUEST_CAUSES,
        causes=(cause.code,),
    )
