"""Reads the project's responses as part of the domain, so that a changed one needs no new training of the NLU.

Rasa takes `responses:` in files under data/ for NLU training data: it finds them, but trains the whole pipeline anew
whenever one word changes. Named under `importers:` in config.yml, this importer lets `rasa train` take seconds then.
Values of data/shop.yml are written into the words here, so that a changed value is no other than a changed word.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from rasa.shared.core.domain import Domain, InvalidDomain
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.utils.io import is_key_in_yaml

from tandem.handoff.business_hours import read_hours
from tandem.settings import load
from tandem.shop.shop_file import read_shop
from tandem.wording.shop_values import ShopValueError, fill, shop_values


class TopicImporter(RasaFileImporter):
    """Rasa's file importer, with the files of responses moved from the NLU data to the domain."""

    def __init__(
        self, config_file: str | None = None, domain_path: str | None = None,
        training_data_paths: Sequence[str] | str | None = None,
    ) -> None:
        """See `RasaFileImporter`."""
        super().__init__(config_file, domain_path, training_data_paths)
        files: list[str] = list(self._nlu_files)
        self._response_files = sorted(path for path in files if _holds_responses_only(path))
        self._nlu_files: list[str] = [path for path in files if path not in self._response_files]

    def get_domain(self) -> Domain:
        """Return the domain file and all responses.

        Raises:
            InvalidDomain: A file is no domain, or names a value that data/shop.yml does not give.
        """
        domain = super().get_domain()
        for path in self._response_files:
            domain = domain.merge(self._with_values(Domain.from_path(path), path))
        return domain

    def _with_values(self, domain: Domain, path: str) -> Domain:
        """Write what the shop's file and the environment say in place of `{shop_...}`."""
        try:
            return Domain.from_dict(fill(domain.as_dict(), self._values, path))
        except ShopValueError as error:
            raise InvalidDomain(str(error)) from None

    @cached_property
    def _values(self) -> Mapping[str, str]:
        settings = load()
        said = {"name": settings.shop_name, "timezone": settings.shop_timezone, "locale": settings.shop_locale}
        return shop_values(read_shop().copy(update=said), read_hours())


def _holds_responses_only(path: str) -> bool:
    return bool(is_key_in_yaml(path, "responses") and not is_key_in_yaml(path, "nlu"))
