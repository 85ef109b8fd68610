"""Sign-in and sign-out."""
from __future__ import annotations

import hmac
import logging
import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from tandem.access.tokens import same
from tandem.agents import audit
from tandem.desk.errors import Forbidden
from tandem.desk.security.auth import cookie_name, desk_of, session_of
from tandem.desk.security.proxies import origin_trouble
from tandem.desk.security.sessions import ABSOLUTE
from tandem.desk.security.sign_in_attempts import SignInRefused, TooManyAttempts

logger = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)
_FORM_COOKIE = "tandem_form"
_LONGEST_NEXT = 2_000  # characters


@router.get("/sign-in")
def sign_in_page(request: Request, onward: Annotated[str, Query(alias="next")] = "") -> Response:
    """Show the sign-in page; an agent who is signed in goes on to the desk."""
    if session_of(request) is not None:
        return RedirectResponse(_own_page(onward), status_code=303)
    return _page(request, onward=onward)


@router.post("/sign-in")
def sign_in(
    request: Request, username: Annotated[str, Form()] = "", password: Annotated[str, Form()] = "",
    form_token: Annotated[str, Form()] = "", onward: Annotated[str, Form(alias="next")] = "",
) -> Response:
    """Check the name and the password, and open a session."""
    desk = desk_of(request)
    trouble = origin_trouble(request, desk.settings) or _form_trouble(request, form_token)
    if trouble:
        return _page(request, username, trouble, 403, onward)
    address = request.client.host if request.client else "unknown"
    try:
        account = desk.sign_in.attempt(username, password, address)
    except TooManyAttempts as error:
        seconds = max(1, round(error.wait.total_seconds()))
        page = _page(request, username, f"Too many attempts. Please wait {seconds} seconds.", 429, onward)
        page.headers["Retry-After"] = str(seconds)
        return page
    except SignInRefused:
        audit.record(desk.services.engine, "unknown", "session", "sign_in_refused")
        return _page(request, username, "That name and password do not go together.", 401, onward)
    with audit.recorded(desk.services.engine, account.id, "session", "sign_in"):
        session_id, _ = desk.sessions.open(account)
    response = RedirectResponse(_own_page(onward), status_code=303)
    secure = desk.settings.secure_cookies
    response.set_cookie(cookie_name(secure), session_id, max_age=int(ABSOLUTE.total_seconds()), httponly=True,
                        samesite="lax", secure=secure, path="/")
    response.delete_cookie(_FORM_COOKIE, path="/sign-in")
    return response


@router.post("/sign-out")
def sign_out(request: Request, csrf_token: Annotated[str, Form()] = "") -> Response:
    """End the session.

    Raises:
        Forbidden: The form is not ours.
    """
    desk = desk_of(request)
    session = session_of(request)
    if session is not None:
        if not hmac.compare_digest(csrf_token.encode("utf-8", "replace"), session.csrf_token.encode()):
            raise Forbidden("the form is too old; reload the page")
        with audit.recorded(desk.services.engine, session.account.id, "session", "sign_out"):
            desk.sessions.end(session)
    response = RedirectResponse("/sign-in", status_code=303)
    response.delete_cookie(cookie_name(desk.settings.secure_cookies), path="/", httponly=True, samesite="lax",
                           secure=desk.settings.secure_cookies)
    return response


def _page(
    request: Request, username: str = "", problem: str = "", status: int = 200, onward: str = "",
) -> Response:
    desk = desk_of(request)
    token = request.cookies.get(_FORM_COOKIE) or secrets.token_urlsafe(24)
    page = desk.pages.render("sign_in.html", username=username[:64], problem=problem, form_token=token,
                             onward=_own_page(onward))
    page.status_code = status
    page.set_cookie(_FORM_COOKIE, token, httponly=True, samesite="strict", secure=desk.settings.secure_cookies,
                    path="/sign-in")
    return page


def _own_page(address: str) -> str:
    """Return the address, if it is a page of this desk; else the desk's first page. Nobody is led to another site."""
    # Browsers read `//host`, `/\\host`, and both with tabs or line breaks between, as another site.
    plain = address.isprintable() and address.isascii() and "\\" not in address and len(address) <= _LONGEST_NEXT
    inside = address.startswith("/") and not address.startswith(("//", "/sign-"))
    return address if plain and inside else "/"


def _form_trouble(request: Request, form_token: str) -> str:
    """Say why a form is not the one that was shown to this browser; empty if it is.

    Nobody is signed in yet, so the form is tied to a cookie, and by `origin_trouble` to the page's own origin.
    """
    expected = request.cookies.get(_FORM_COOKIE, "")
    if expected:
        return "" if same(expected, form_token) else "The page was too old. Please try again."
    over = request.headers.get("x-forwarded-proto", request.url.scheme)
    if desk_of(request).settings.secure_cookies and over == "http":
        logger.warning("Nobody can sign in over http: cookies go over https only (TANDEM_SECURE_COOKIES=1); "
                       "see docs/proxies.md")
        return ("The desk's cookies are for https only (TANDEM_SECURE_COOKIES=1), and this page came over http. Open "
                "it by its https address; see docs/proxies.md.")
    return "The browser did not send the page's cookie. Allow cookies, and try again."
