/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SSHCLIENT_PUBKEY_SAMPLES_H
#define TESTS_SSHCLIENT_PUBKEY_SAMPLES_H

/* Public keys that ssh-keygen made, and what it says of them. */
/* clang-format off */
static const struct {
	const char *type, *b64, *fingerprint;
	unsigned bits;
} samples[] = {
    {"ssh-ed25519",
     "AAAAC3NzaC1lZDI1NTE5AAAAIOrcOOsuxF4/dx+j19nI72mG2oU8bDfT2Msr0anm"
     "+2e8",
     "SHA256:tvZurCWaIF+t2B8y6NwsVecL+SQ59u5QKC4gKvp/sqs", 256},
    {"ecdsa-sha2-nistp256",
     "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBNCRJOXd6T4U"
     "KICQ63VyEn/KHCDv+SuwgR02KojG4HOChJedi/BX8qxBJJQ9XHhRvQb9bc7mzIl4"
     "f9WJMzs/dYQ=",
     "SHA256:MXUkDfyCNZQN3AEDkoaXfzqbBzviv0JTOjFUUG01X5Q", 256},
    {"ecdsa-sha2-nistp384",
     "AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBJtzRCm3XEjC"
     "sPpe5X6xeB26vjQm+oU0mHM4kvgAGa9/YeP6TDvjzFJdEuZvfQaljg3xCITsJ+y/"
     "dbw46PB7i9pFXxmIx1Yl9hu54mklPgs0Drymgiy2gHeHq3WYWYQyoQ==",
     "SHA256:R5McRBpOCbJWzzpWyc6ELfnbnT1GC0ZSISChj2NsbAk", 384},
    {"ecdsa-sha2-nistp521",
     "AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAE7NSywakS6"
     "l1mJorpoBtcclEXkDImzpo3ko4tImN2vJjeULulVrUQhh0Br6dOezAqveSh+hQHX"
     "RCiD3RSRGMXCYQFJZrvHbBeOWZ6ZL2sWowaKgwYiBnIKrv2JcWkLW15lMu9MGwVa"
     "79GQolFzPA+LB+wdjB7k+ADkQ8pgi5WlPm7sig==",
     "SHA256:HlBYyCbqU7qrGR8NHvZ4U2ClJ2bA0za9epOJrHeLk9M", 521},
    {"ssh-rsa",
     "AAAAB3NzaC1yc2EAAAADAQABAAABAQDciNLTZQ8OeNW5wYKhsXxauF9zFUjqJOaX"
     "17wYvGLUTGgYsKx+xzuqzBkB7UYk+JYEHMaeCsk2CDmmKkxg6GQ+ySMxWeJwuM1d"
     "PHtW3JBp3pM48VpCyM8u4w545BRwH0lnwXAVWy8mGa0Oa9/d+Yir3EFfLksg6AIV"
     "fw/DDN+go2yT68ocaFnHYGmqu0YS/2MjKr8UZX2mcx5XLNyU6G0IZmrblesYuLaU"
     "mQpM13asuV+8oRP2PVE+ecwxmN5Penim4IDcghHQx0YCgKnXmncsAGclNNL7hCMQ"
     "8YfzkQVYZpyQXYZSUUg1xhkzF4e7FNMPVyX9dSLP9udo4YHR+FoB",
     "SHA256:xSYRllzqJERkf2ZVfnmCyQotism+x375S3HEdXG1qZE", 2048},
};
/* clang-format on */

#endif /* TESTS_SSHCLIENT_PUBKEY_SAMPLES_H */
