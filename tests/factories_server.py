"""A server of files on loopback that can be told to misbehave as servers do."""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote


@dataclass
class Tree:
    """Files under ``root``, how they are served, and what was asked for."""

    root: Path
    url: str = ""
    ranges: bool = True  # whether Range is understood
    cut: dict[str, int] = field(default_factory=dict)  # path -> bytes after which it breaks off
    cuts: int = 1  # how often it does
    status: dict[str, list[int]] = field(default_factory=dict)  # path -> answers to come first
    trickle: set[str] = field(default_factory=set)  # paths that come a little at a time
    asked: list[tuple[str, str | None]] = field(default_factory=list)  # path, Range

    def seal(self) -> None:
        """Write SHA256SUMS.txt over everything that is there."""
        files = sorted(path for path in self.root.rglob("*") if path.is_file())
        lines = [
            f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.relative_to(self.root)}\n"
            for path in files
            if path.name != "SHA256SUMS.txt"
        ]
        (self.root / "SHA256SUMS.txt").write_text("".join(lines))

    def times(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(asked == path for asked, _ in self.asked)


@contextmanager
def serve(root: Path) -> Iterator[Tree]:
    """Serve ``root`` over HTTP on a free port of loopback."""
    tree = Tree(root)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = unquote(self.path).removeprefix("/ptb-xl/")
            wanted = self.headers.get("Range")
            tree.asked.append((path, wanted))
            if answers := tree.status.get(path):
                return self._answer(answers.pop(0), b"")
            if not (root / path).is_file():
                return self._answer(404, b"not here")
            content = (root / path).read_bytes()
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            if not (tree.ranges and wanted):
                return self._answer(200, content, path)
            if start >= len(content):
                return self._answer(416, b"")
            self._answer(206, content[start:], path, f"bytes {start}-{len(content) - 1}/*")

        def _answer(
            self, status: int, content: bytes, path: str = "", part: str | None = None
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            if part:
                self.send_header("Content-Range", part)
            self.end_headers()
            if path in tree.cut and tree.cuts > 0:
                tree.cuts -= 1
                content = content[: tree.cut[path]]
                self.close_connection = True
            step = 1000 if path in tree.trickle else max(1, len(content))
            for start in range(0, len(content), step):
                self.wfile.write(content[start : start + step])
                if path in tree.trickle:
                    time.sleep(0.2)  # long enough to be interrupted on a busy machine

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tree.url = f"http://127.0.0.1:{server.server_port}/ptb-xl"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield tree
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
