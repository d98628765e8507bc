"""Publications: the only writer of files that leave, and of nothing else.

A publication is one folder below `published/`: CSV files of protected cells, the
metadata of their measures, a manifest with their checksums, and its signature. It is
switched in whole. Every number in it went through parity.disclosure: the writer takes
no other type.
"""

from parity.publication.errors import PublicationError
from parity.publication.monthly import Publication, publish_month
from parity.publication.signing import check_publication, publisher_public_key
from parity.publication.summary import GroupSummary, Summary, ethnic_group_summary

__all__ = [
    "GroupSummary",
    "Publication",
    "PublicationError",
    "Summary",
    "check_publication",
    "ethnic_group_summary",
    "publish_month",
    "publisher_public_key",
]
