"""Tokens of a Cognito user pool, as moto issues them."""

import tempfile
import unittest
from pathlib import Path

import stack
from address_book import REFUSED, address_book
from jwt import decode
from servers import push_service

PASSWORD, PHONE = "Passw0rd!", "+16505550101"


class Cognito(unittest.TestCase):
    """A user of a pool, who has signed in there."""

    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.url = cls.enterClassContext(push_service(Path(folder)))
        cognito = stack.client("cognito-idp", cls.url)
        cls.pool = cognito.create_user_pool(PoolName="address-book")["UserPool"]["Id"]
        cls.client_id = cognito.create_user_pool_client(
            UserPoolId=cls.pool,
            ClientName="app",
            ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
            # moto puts into the token what is named here, and Cognito everything if nothing is.
            ReadAttributes=["phone_number", "phone_number_verified"],
        )["UserPoolClient"]["ClientId"]
        attributes = [("phone_number", PHONE), ("phone_number_verified", "true")]
        cognito.admin_create_user(
            UserPoolId=cls.pool, Username="alice", UserAttributes=[{"Name": name, "Value": value} for name, value in attributes]
        )
        cognito.admin_set_user_password(UserPoolId=cls.pool, Username="alice", Password=PASSWORD, Permanent=True)
        cls.tokens = cognito.admin_initiate_auth(
            UserPoolId=cls.pool,
            ClientId=cls.client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "alice", "PASSWORD": PASSWORD},
        )["AuthenticationResult"]
        cls.issuer = decode(cls.tokens["IdToken"], options={"verify_signature": False})["iss"]

    def server(self, issuer, audience):
        keys = f"{self.url}/{self.pool}/.well-known/jwks.json"
        return self.enterContext(address_book("--issuer", issuer, "--audience", audience, "--keys", keys))

    def test_the_id_token_signs_in_and_the_others_do_not(self):
        server = self.server(self.issuer, self.client_id)
        user = server.user(self.tokens["IdToken"], project=self.client_id)
        self.assertEqual(user["phone"], PHONE[1:])
        for name in ("AccessToken", "RefreshToken"):
            with self.subTest(name):
                answer = server.sign_in(self.tokens[name], project=self.client_id)
                self.assertEqual((answer.status, answer.json), (401, REFUSED))

    def test_the_id_token_of_another_pool_or_client_does_not_sign_in(self):
        for issuer, audience in [(self.issuer, "other"), (f"{self.issuer}x", self.client_id)]:
            with self.subTest(issuer=issuer, audience=audience):
                answer = self.server(issuer, audience).sign_in(self.tokens["IdToken"], project=audience)
                self.assertEqual((answer.status, answer.json), (401, REFUSED))


if __name__ == "__main__":
    unittest.main()
