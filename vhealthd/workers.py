"""Processes that serve one request and end."""

import asyncio
import sys


async def serve(arguments: tuple[str, ...], request: bytes, *, seconds: float) -> tuple[int, bytes, bytes]:
    """Start Python with these arguments, write `request` to it, and return its exit status, stdout and stderr.

    Never leaves it running. Raises OSError if it cannot be started, TimeoutError if it takes longer than `seconds`.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate(request)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, out, err
