"""A worker of the service whose decoder has flaws: a picture that ends with the name of one meets it."""

import os
import re
import signal

import imagegate.web.answering
import imagegate.web.worker
import imagegate.worker

CRASH, SPIN, FAIL, CRASH_EARLY = b"=CRASH", b"=SPIN", b"=FAIL", b"=CRASH-EARLY"


def flawed(judge):
    def judge_or_fail(received, *args, **options):
        data = bytes(received.data)
        if data.endswith(CRASH):
            os.kill(os.getpid(), signal.SIGSEGV)
        if data.endswith(SPIN):
            re.match("(a+)+b", "a" * 60)  # for years, and without letting go of the lock
        if data.endswith(FAIL):
            raise ValueError("PHOTO")
        return judge(received, *args, **options)

    return judge_or_fail


def flawed_early(verdict):
    def verdict_or_crash(question, body, policy):
        if body.endswith(CRASH_EARLY):
            os.kill(os.getpid(), signal.SIGSEGV)
        return verdict(question, body, policy)

    return verdict_or_crash


def main():
    imagegate.worker.judge = flawed(imagegate.worker.judge)
    imagegate.web.answering._verdict = flawed_early(imagegate.web.answering._verdict)  # noqa: SLF001 - reads the body
    imagegate.web.worker.main()
