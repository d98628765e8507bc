"""People who must go: out of the landed store and the vault, and not in again.

`parity.vault.removal.door` keeps rows out at intake, `gone` finds what is somebody's,
`remove` writes both files anew without it. Who must go is decided elsewhere: by the
national check (parity.vault.opt_out) or a request for erasure (parity.vault.erasure).
"""
