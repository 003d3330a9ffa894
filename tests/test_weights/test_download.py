"""Downloads from a server on the loopback address."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mmwsss.weights import DownloadError, WeightFile, download

CONTENT = bytes(range(256)) * 4096  # one MiB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    ranges = True
    stop_after = len(CONTENT)
    asked: list = []

    def do_GET(self):
        start = 0
        wanted = self.headers.get('Range')
        type(self).asked.append(wanted)
        if self.path != '/weights.pth':
            self.send_error(404)
            return
        if wanted and self.ranges:
            start = int(wanted.removeprefix('bytes=').removesuffix('-'))
            if start >= len(CONTENT):
                self.send_error(416)
                return
            self.send_response(206)
        else:
            self.send_response(200)
        self.send_header('Content-Length', str(len(CONTENT) - start))
        self.end_headers()
        self.wfile.write(CONTENT[start : start + self.stop_after])

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    class Mine(Handler):
        asked = []

    httpd = ThreadingHTTPServer(('127.0.0.1', 0), Mine)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield Mine, f'http://127.0.0.1:{httpd.server_port}'
    httpd.shutdown()
    thread.join()


def entry(root, path='weights.pth', **changes):
    values = {'url': f'{root}/{path}', 'size': len(CONTENT), 'sha256': SHA256, **changes}
    return WeightFile('weights.pth', 'test weights', **values)


def test_whole_file(server, tmp_path):
    seen = []
    target = tmp_path / 'a folder' / 'weights.pth'
    assert download(entry(server[1]), target, progress=lambda *x: seen.append(x)) == target
    assert target.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [p.name for p in target.parent.iterdir()] == ['weights.pth']
    download(entry(server[1]), target)
    assert server[0].asked == [None], 'a whole file is not asked for again'


def test_an_interrupted_download_goes_on(server, tmp_path):
    handler, url = server
    handler.stop_after = 300_000
    target = tmp_path / 'weights.pth'
    with pytest.raises(DownloadError, match='is kept in .*weights.pth.part'):
        download(entry(url), target)
    assert (tmp_path / 'weights.pth.part').read_bytes() == CONTENT[:300_000]
    handler.stop_after = len(CONTENT)
    download(entry(url), target)
    assert handler.asked[-1] == 'bytes=300000-'
    assert target.read_bytes() == CONTENT


def test_a_server_that_cannot_go_on_starts_anew(server, tmp_path):
    handler, url = server
    handler.ranges = False
    (tmp_path / 'weights.pth.part').write_bytes(b'older bytes')
    assert download(entry(url), tmp_path / 'weights.pth').read_bytes() == CONTENT


def test_a_killed_download_that_had_everything(server, tmp_path):
    (tmp_path / 'weights.pth.part').write_bytes(CONTENT)
    assert download(entry(server[1]), tmp_path / 'weights.pth').read_bytes() == CONTENT


def test_another_file_is_not_kept(server, tmp_path):
    with pytest.raises(DownloadError, match='damaged, or another file. It was deleted'):
        download(entry(server[1], sha256='0' * 64), tmp_path / 'weights.pth')
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_that_is_there_is_not_overwritten(server, tmp_path):
    target = tmp_path / 'weights.pth'
    target.write_bytes(b'mine')
    with pytest.raises(DownloadError, match='Move it away'):
        download(entry(server[1]), target)
    assert target.read_bytes() == b'mine' and not server[0].asked


def test_no_such_page_and_no_link(server, tmp_path):
    with pytest.raises(DownloadError, match='404'):
        download(entry(server[1], 'none'), tmp_path / 'weights.pth')
    with pytest.raises(DownloadError, match='no plain download is known. Ask the authors'):
        download(
            WeightFile('weights.pth', 'what', remarks='Ask the authors'), tmp_path / 'weights.pth'
        )
