"""Parts about accounts."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from rollbook.bootstrap.core import Core

if TYPE_CHECKING:
    from rollbook.domain.passwords import PasswordHasher
    from rollbook.services.accounts import Accounts
    from rollbook.services.own_account import OwnAccount
    from rollbook.services.passkeys import PasskeyKeeper
    from rollbook.services.refusals import Refusals
    from rollbook.services.second_factor import SecondFactor
    from rollbook.services.setup import Setup
    from rollbook.services.sign_in import SignIn
    from rollbook.services.site import Site
    from rollbook.services.tokens import Tokens


class AccountParts(Core):
    """Who signs in, and with what."""

    @cached_property
    def hasher(self) -> PasswordHasher:
        from rollbook.storage.passwords import ArgonHasher

        return ArgonHasher()

    @cached_property
    def sign_in(self) -> SignIn:
        from rollbook.services.sign_in import SignIn

        return SignIn(self.uow, self.clock, self.hasher)

    @cached_property
    def accounts(self) -> Accounts:
        from rollbook.services.accounts import Accounts

        return Accounts(self.uow, self.clock, self.hasher)

    @cached_property
    def own_account(self) -> OwnAccount:
        from rollbook.services.own_account import OwnAccount

        return OwnAccount(self.uow, self.clock, self.hasher)

    @cached_property
    def second_factor(self) -> SecondFactor:
        from rollbook.services.second_factor import SecondFactor
        from rollbook.storage.one_time import AuthenticatorCodes

        return SecondFactor(self.uow, self.clock, AuthenticatorCodes())

    @cached_property
    def passkeys(self) -> PasskeyKeeper:
        from rollbook.services.passkeys import PasskeyKeeper

        return PasskeyKeeper(self.uow, self.clock)

    @cached_property
    def refusals(self) -> Refusals:
        from rollbook.services.refusals import Refusals

        return Refusals(self.uow, self.clock)

    @cached_property
    def setup(self) -> Setup:
        from rollbook.services.setup import Setup

        return Setup(self.uow, self.clock, self.hasher)

    @cached_property
    def site(self) -> Site:
        from rollbook.services.site import Site

        return Site(self.uow, self.clock)

    @cached_property
    def tokens(self) -> Tokens:
        from rollbook.services.tokens import Tokens

        return Tokens(self.uow, self.clock)
