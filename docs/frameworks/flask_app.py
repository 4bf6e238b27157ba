"""Flask: `flask --app flask_app run --port 8000`."""

from flask import Flask

import imagegate
from imagegate.frameworks.flask import GatedImage, gated

imagegate.warmup()  # now, and not with the first photo

app = Flask(__name__)


@app.post("/photos")
@gated("photo", policy="legit_health", api="problem")
def upload(photo: GatedImage) -> dict[str, object]:
    """Take a photo that passes; its bytes are in `photo.data`."""
    return {"bytes": len(photo.data), "warnings": [finding.cause.code for finding in photo.report.warnings]}


@app.post("/telesoft")
@gated("photo", api="telesoft", largest_body=5_000_000)
def upload_as_telesoft(photo: GatedImage) -> dict[str, object]:
    """Say no as Telesoft's API does."""
    return {"bytes": len(photo.data)}
