/* SPDX-License-Identifier: Apache-2.0 */
/* SIGALG("signature algorithm", "key type"), the preferred one of a type first.
 */
/* clang-format off */
SIGALG("ssh-ed25519",		"ssh-ed25519")
SIGALG("ecdsa-sha2-nistp256",	"ecdsa-sha2-nistp256")
SIGALG("ecdsa-sha2-nistp384",	"ecdsa-sha2-nistp384")
SIGALG("ecdsa-sha2-nistp521",	"ecdsa-sha2-nistp521")
SIGALG("rsa-sha2-512",		"ssh-rsa")
SIGALG("rsa-sha2-256",		"ssh-rsa")
SIGALG("sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519@openssh.com")
SIGALG("sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com")
/* clang-format on */
