/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WORD(text): a prompt that has one of these as whole words and ends in a colon
 * or question mark asks for a secret.  Lower case.
 */
/* clang-format off */
WORD("password")
WORD("passwords")
WORD("passphrase")
WORD("passcode")
WORD("pass phrase")
WORD("pin")
WORD("pin code")
WORD("secret")
WORD("token")
WORD("token_response")
WORD("tokencode")
WORD("verification code")
WORD("one-time code")
WORD("otp")
WORD("kennwort")
WORD("passwort")
WORD("kennsatz")
WORD("mot de passe")
WORD("code secret")
WORD("contrase\u00f1a")
WORD("senha")
WORD("has\u0142o")
WORD("wachtwoord")
WORD("heslo")
WORD("l\u00f6senord")
WORD("\u043f\u0430\u0440\u043e\u043b\u044c")
WORD("\u5bc6\u7801")
WORD("\u5bc6\u78bc")
WORD("\u30d1\u30b9\u30ef\u30fc\u30c9")
WORD("\uc554\ud638")
/* clang-format on */
