"""The pages. A url's name is its module in `web/` and its folder in `templates/`."""

from django.urls import URLPattern, path

from agileml.web import board, card, edit, health, history, home, login, logout, replan, take, theme, ticket

urlpatterns: list[URLPattern] = [
    path("", home.show, name="home"),
    path("login/", login.Login.as_view(), name="login"),
    path("logout/", logout.Logout.as_view(), name="logout"),
    path("theme/", theme.keep, name="theme"),
    path("healthz/", health.health, name="health"),
    path("p/<str:key>/", board.show, name="board"),
    path("p/<str:key>/look/", board.look, name="board_look"),
    path("p/<str:key>/sprints/<int:number>/", board.show, name="board_sprint"),
    path("p/<str:key>/sprints/<int:number>/add/", card.add, name="card_add"),
    path("p/<str:key>/tickets/<int:number>/", ticket.show, name="ticket"),
    path("p/<str:key>/tickets/<int:number>/finding/", ticket.finding, name="ticket_finding"),
    path("p/<str:key>/tickets/<int:number>/opinion/", ticket.opinion, name="ticket_opinion"),
    path("p/<str:key>/tickets/<int:number>/comment/", ticket.comment, name="ticket_comment"),
    path("p/<str:key>/tickets/<int:number>/edit/", edit.edit, name="edit"),
    path("p/<str:key>/tickets/<int:number>/menu/", card.menu, name="card_menu"),
    path("p/<str:key>/tickets/<int:number>/move/", card.move, name="card_move"),
    path("p/<str:key>/tickets/<int:number>/skip/", card.skip, name="card_skip"),
    path("p/<str:key>/tickets/<int:number>/defer/", card.defer, name="card_defer"),
    path("p/<str:key>/tickets/<int:number>/restore/", card.restore, name="card_restore"),
    path("p/<str:key>/tickets/<int:number>/take/", card.take, name="card_take"),
    path("p/<str:key>/decisions/<uuid:decision>/undo/", card.undo, name="card_undo"),
    path("p/<str:key>/sprints/<int:number>/replan/", replan.show, name="replan"),
    path("p/<str:key>/sprints/<int:number>/history/", history.show, name="history"),
    path("p/<str:key>/decisions/<uuid:uid>/take-back/", take.back, name="take_back"),
]
