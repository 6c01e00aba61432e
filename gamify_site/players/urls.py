"""The pages below /accounts/."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from gamify_site.players import views

urlpatterns = [
    path("login/", views.LogIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("signup/", views.sign_up, name="signup"),
    path("password/", views.ChangePassword.as_view(), name="password_change"),
    path("settings/", views.account_settings, name="account_settings"),
]
