"""FastAPI: `uvicorn fastapi_app:app --port 8000`."""

from typing import Annotated

from fastapi import FastAPI, Form

import imagegate
from imagegate.frameworks.fastapi import GatedImage, GatedRoute, gated

imagegate.warmup()  # now, and not with the first photo

app = FastAPI()
app.router.route_class = GatedRoute


@app.post("/photos")
async def upload(
    photo: Annotated[GatedImage, gated("legit_health", field="photo", api="problem")],
    note: Annotated[str, Form()] = "",
) -> dict[str, object]:
    """Take a photo that passes; its bytes are in `photo.data`."""
    warnings = [finding.cause.code for finding in photo.report.warnings]
    return {"bytes": len(photo.data), "warnings": warnings, "note": note}


@app.post("/telesoft")
async def upload_as_telesoft(photo: Annotated[GatedImage, gated(api="telesoft", largest_body=5_000_000)]) -> int:
    """Say no as Telesoft's API does."""
    return len(photo.data)
