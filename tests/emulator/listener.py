# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The socket side: HTTP/1.1 with keep-alive, a thread a connection, and connections dropped without an answer."""

from __future__ import annotations

import contextlib
import socket
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from moto.moto_server.werkzeug_app import MotoRequestHandler

from emulator.faults import ConnectionDroppedError
from emulator.wire import Answer, Environ

Handler: t.TypeAlias = t.Callable[[Environ, bytes], Answer]


class Listener(ThreadingHTTPServer):
    """Serves a handler. The port 0 takes a free one; ``port`` tells which."""

    daemon_threads = True
    request_queue_size = 128
    # What moto's request handler expects of its server.
    ssl_context = None
    multithread = True
    multiprocess = False
    _server_version = "hardening-iam-emulator"

    def __init__(self, host: str, port: int, handler: Handler) -> None:
        self.handler = handler
        super().__init__((host, port), _RequestHandler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _RequestHandler(MotoRequestHandler):
    """moto's handler knows how to make a WSGI environment; what it lacks is keep-alive.

    werkzeug closes every connection, since an application may leave a body unread. Here the body is always read first.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Header and body in one segment: the default writes them apart.
    wbufsize = -1

    def run_wsgi(self) -> None:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        environ = self.make_environ()
        body = self._read_body(environ)
        try:
            answer = t.cast(Listener, self.server).handler(environ, body)
        except ConnectionDroppedError:
            self.close_connection = True
            # A caller that ran into its time-out has hung up before.
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._write(answer)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Requests are logged by the emulator's own log."""

    def _read_body(self, environ: Environ) -> bytes:
        stream = environ["wsgi.input"]
        if environ.get("wsgi.input_terminated"):
            return t.cast(bytes, stream.read())
        return t.cast(bytes, stream.read(int(environ.get("CONTENT_LENGTH") or 0)))

    def _write(self, answer: Answer) -> None:
        bodiless = answer.status in (204, 304)
        names = {name.lower() for name, _value in answer.headers}
        self.send_response(answer.status)
        for name, value in answer.headers:
            if not (bodiless and name.lower() == "content-length"):
                self.send_header(name, value)
        # The answer to HEAD has the length that GET would give it.
        if not bodiless and "content-length" not in names:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if not bodiless and self.command != "HEAD":
            self.wfile.write(answer.body)
        self.wfile.flush()

    def send_response(self, code: int, message: str | None = None) -> None:
        """Without the Server and Date headers where the answer brings its own: moto's looks like Amazon's."""
        BaseHTTPRequestHandler.send_response_only(self, code, message)
        self.send_header("Date", self.date_time_string())
