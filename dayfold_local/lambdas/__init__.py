"""Runs the Lambda functions: one process that has the libraries loaded, forked as needed.

The emulator starts a fresh interpreter per concurrent invocation and another one after every
error. Here the cold start is a fork: `host` is the process that is forked, `environment` says
what a function finds in it, and `pool` puts both in the place of the emulator's own workers.
"""

from __future__ import annotations
