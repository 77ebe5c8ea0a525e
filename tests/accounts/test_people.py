"""People log in by an address that does not depend on capitals; service accounts cannot log in at all."""

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import RequestFactory

from agileml.accounts.actions import create_person, create_service, set_theme
from agileml.accounts.models import User
from tests.factories import NOW, PASSWORD, make_user


def log_in(address: str, password: str) -> object:
    request = RequestFactory().post("/login/")
    return authenticate(request, username=address, password=password)


def test_capitals_in_the_address_make_no_difference(db: None) -> None:
    person = make_user(email="Somebody@Example.com")
    assert person.email == "somebody@example.com"
    assert log_in(" SOMEBODY@example.com ", PASSWORD) == person
    assert log_in("somebody@example.com", "wrong-password-altogether") is None


def test_an_address_is_given_once_and_kept_in_lower_case(db: None) -> None:
    make_user(email="somebody@example.com")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_user(email="SOMEBODY@example.com")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="Upper@example.com", name="Upper", created_at=NOW)


@pytest.mark.parametrize("weak", ["short", "password123", "1234567890"])
def test_a_weak_password_is_refused(db: None, weak: str) -> None:
    with pytest.raises(ValidationError):
        create_person(email="somebody@example.com", name="Somebody", password=weak, now=NOW)


def test_a_service_account_has_no_address_and_no_password(db: None) -> None:
    service = create_service(name="Nightly training", now=NOW)
    assert (service.email, service.has_usable_password()) == (None, False)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=service.pk).update(email="service@example.com")


def test_a_theme_is_one_of_three(db: None) -> None:
    person = make_user()
    set_theme(user=person, theme="dark")
    person.refresh_from_db()
    assert person.theme == "dark"
    with pytest.raises(ValueError, match="neon"):
        set_theme(user=person, theme="neon")
