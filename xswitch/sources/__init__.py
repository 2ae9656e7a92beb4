"""Where a catalog comes from when nobody writes it by hand: AWS config, Organizations, IAM Identity Center, git.

::

    draft.py        what a source found, as the text of a catalog file of its own
    install.py      that file put in place: checked with all others first, in one step, with the difference told
    reading.py      lists in pages, many at once, with what an interrupted reading left; checkpoint.py keeps that
    organizations.py    the accounts of AWS Organizations; org_draft.py makes a catalog file of them
    identity_center.py  the accounts and permission sets of an access portal, and their catalog file
    ini.py          the AWS CLI's files, read with the line of every setting
    profiles.py     those files as profiles, as the AWS CLI understands them
    aws_import.py   profiles as identities, accounts and roles, and what can't be carried over
    aws_export.py   targets as profiles with credential_process, between markers in the person's own file
"""
