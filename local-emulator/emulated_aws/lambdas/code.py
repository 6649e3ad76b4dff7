"""A function's code on disk: unpacked once per content, or a folder of its author's."""

import hashlib
import io
import json
import shutil
import threading
import zipfile
from pathlib import Path

HOT_BUCKET = "local-folder"
HOT_FILE = ".local-folder.json"
_lock = threading.Lock()


def hot_zip(folder: str) -> bytes:
    """A code package that stands for a local folder, which then needs no packing and is read afresh on each cold start.

    Raises:
        ValueError: There is no such folder.
    """
    if not Path(folder).is_dir():
        message = f"s3://{HOT_BUCKET}/... stands for a folder of this machine, but {folder!r} is none"
        raise ValueError(message)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr(zipfile.ZipInfo(HOT_FILE), json.dumps(folder))
    return buffer.getvalue()


def unpack(package: bytes, code: Path) -> Path:
    """The folder with the package's content, below *code*."""
    target = code / hashlib.sha256(package).hexdigest()[:32]
    with _lock:
        if not target.exists():
            draft = target.with_suffix(".draft")
            shutil.rmtree(draft, ignore_errors=True)
            with zipfile.ZipFile(io.BytesIO(package)) as content:
                for member in content.infolist():
                    path = Path(content.extract(member, draft))
                    mode = member.external_attr >> 16 & 0o777
                    if mode and not member.is_dir():
                        path.chmod(mode)
            draft.replace(target)
    hot = target / HOT_FILE
    return Path(json.loads(hot.read_text())) if hot.exists() else target
