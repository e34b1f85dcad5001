"""Given/expect tests of queries: rows in, rows out, in YAML beside the query's name.

`tests/queries/<database>/<table>.yaml` holds the cases of one table; docs/queries.md has the form.
"""

from __future__ import annotations
