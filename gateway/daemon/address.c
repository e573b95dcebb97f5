/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the addresses that the configuration says to listen on. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/address.h"

static int
parse_port(const char *text, in_port_t *port)
{
	unsigned long v = 0;
	size_t n = strlen(text);

	if (n == 0 || n > 5 || strspn(text, "0123456789") != n)
		return FAIL_CONF;
	v = strtoul(text, NULL, 10);
	if (v > 65535)
		return FAIL_CONF;
	*port = htons((in_port_t)v);
	return 0;
}

/* Split "[host]:port" or "host:port"; host loses its brackets. */
static int
split(const char *text, char *host, size_t size, const char **port, bool *v6)
{
	const char *end;
	size_t n;

	*v6 = text[0] == '[';
	if (*v6) {
		text++;
		end = strchr(text, ']');
		if (end == NULL || end[1] != ':')
			return FAIL_CONF;
		*port = end + 2;
	} else {
		end = strchr(text, ':');
		if (end == NULL)
			return FAIL_CONF;
		*port = end + 1;
	}
	n = (size_t)(end - text);
	if (n >= size)
		return FAIL_CONF;
	memcpy(host, text, n);
	host[n] = '\0';
	return 0;
}

int
address_parse(const char *text, struct sockaddr_storage *sa, socklen_t *len,
    struct fail *f)
{
	char host[ADDRESS_TEXT_SIZE];
	const char *port_text;
	in_port_t port;
	bool v6;

	memset(sa, 0, sizeof(*sa));
	if (split(text, host, sizeof(host), &port_text, &v6) != 0 ||
	    parse_port(port_text, &port) != 0)
		return fail_set(f, FAIL_CONF,
		    "\"%s\" is not an address and port, like [::]:4422 or "
		    "127.0.0.1:4422",
		    text);
	if (v6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)sa;

		in6->sin6_family = AF_INET6;
		in6->sin6_port = port;
		*len = sizeof(*in6);
		if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1)
			return 0;
	} else {
		struct sockaddr_in *in = (struct sockaddr_in *)sa;

		in->sin_family = AF_INET;
		in->sin_port = port;
		*len = sizeof(*in);
		if (inet_pton(AF_INET, host, &in->sin_addr) == 1)
			return 0;
	}
	return fail_set(f, FAIL_CONF, "\"%s\" is not a numeric address", host);
}

int
address_next(const char **list, char item[ADDRESS_TEXT_SIZE], struct fail *f)
{
	const char *p = *list + strspn(*list, " \t");
	size_t n = strcspn(p, ",");
	const char *rest = p + n;

	if (n == 0 && *rest == '\0')
		return 0;
	while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t'))
		n--;
	if (n == 0 || n >= ADDRESS_TEXT_SIZE)
		return fail_set(f, FAIL_CONF,
		    "an address in the list is empty or too long");
	memcpy(item, p, n);
	item[n] = '\0';
	*list = *rest == ',' ? rest + 1 : rest;
	return 1;
}
