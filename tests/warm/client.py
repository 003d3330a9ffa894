"""Stands in for the interpreter: has the server run the command line, and ends as that ends.

Signals are passed on; who kills this process kills the command with all that it has started.
"""

import marshal
import os
import signal
import socket
import sys


def inherited():
    """Open files that a command would get."""
    for number in map(int, os.listdir('/proc/self/fd')):
        try:
            if os.get_inheritable(number):
                yield number
        except OSError:  # that of the list itself
            pass


def main(address, python, *arguments):
    if arguments[:1] == ('-u',):
        arguments, os.environ['PYTHONUNBUFFERED'] = arguments[1:], '1'
    if not arguments or (arguments[0].startswith('-') and arguments[0] not in ('-c', '-m')):
        os.execv(python, [python, *arguments])
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(address)
        files = list(inherited())
        call = marshal.dumps((files, arguments, os.getcwd(), dict(os.environ)))
        socket.send_fds(server, [len(call).to_bytes(8, 'big')], files)
        server.sendall(call)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, _: server.sendall(bytes([number])))
        code = int.from_bytes(server.recv(4), 'big', signed=True)
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


main(*sys.argv[1:])
