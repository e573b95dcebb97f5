/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses to listen on, as the configuration writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "daemon/address.h"

static void
numeric_addresses_of_both_families_are_read(void **state UNUSED)
{
	struct sockaddr_storage sa;
	struct sockaddr_in *in = (struct sockaddr_in *)&sa;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&sa;
	socklen_t len;

	assert_int_equal(address_parse("127.0.0.1:4422", &sa, &len, NULL), 0);
	assert_int_equal(len, sizeof(*in));
	assert_int_equal(in->sin_family, AF_INET);
	assert_int_equal(ntohs(in->sin_port), 4422);
	assert_int_equal(ntohl(in->sin_addr.s_addr), 0x7f000001);
	assert_int_equal(address_parse("0.0.0.0:1", &sa, &len, NULL), 0);
	assert_int_equal(in->sin_addr.s_addr, 0);
	assert_int_equal(address_parse("[::]:65535", &sa, &len, NULL), 0);
	assert_int_equal(len, sizeof(*in6));
	assert_int_equal(in6->sin6_family, AF_INET6);
	assert_int_equal(ntohs(in6->sin6_port), 65535);
	assert_memory_equal(&in6->sin6_addr, &in6addr_any, 16);
	assert_int_equal(address_parse("[::1]:22", &sa, &len, NULL), 0);
	assert_memory_equal(&in6->sin6_addr, &in6addr_loopback, 16);
}

static void
anything_else_is_an_error_that_quotes_it(void **state UNUSED)
{
	static const char *const bad[] = {"", ":", "4422", "127.0.0.1",
	    "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:99999999999",
	    "127.0.0.1:-1", "127.0.0.1: 22", "127.0.0.1:22x", "::1:22",
	    "[::1]22", "[::1", "[]:22", "[::1]:", "[127.0.0.1]:22",
	    "localhost:22", "1.2.3:22", "[fe80::1%lo]:22",
	    "[0000000000000000000000000000000000000000000000000000000000000"
	    "000]:22"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct sockaddr_storage sa;
		struct fail f = {0};
		socklen_t len;

		assert_int_equal(
		    address_parse(bad[i], &sa, &len, &f), FAIL_CONF);
		assert_non_null(strstr(f.why, "address"));
	}
}

static void
a_list_is_taken_item_by_item(void **state UNUSED)
{
	const char *list = " [::]:1 ,127.0.0.1:2,\t1.2.3.4:3  ";
	char item[ADDRESS_TEXT_SIZE];

	assert_int_equal(address_next(&list, item, NULL), 1);
	assert_string_equal(item, "[::]:1");
	assert_int_equal(address_next(&list, item, NULL), 1);
	assert_string_equal(item, "127.0.0.1:2");
	assert_int_equal(address_next(&list, item, NULL), 1);
	assert_string_equal(item, "1.2.3.4:3");
	assert_int_equal(address_next(&list, item, NULL), 0);
	list = "";
	assert_int_equal(address_next(&list, item, NULL), 0);
}

static void
empty_and_overlong_items_are_errors(void **state UNUSED)
{
	char item[ADDRESS_TEXT_SIZE], big[100];
	const char *list = ",1.2.3.4:1";

	assert_int_equal(address_next(&list, item, NULL), FAIL_CONF);
	list = " , ";
	assert_int_equal(address_next(&list, item, NULL), FAIL_CONF);
	memset(big, 'x', sizeof(big));
	for (size_t n = 60; n < 70; n++) {
		big[n] = '\0';
		list = big;
		assert_int_equal(address_next(&list, item, NULL),
		    n < sizeof(item) ? 1 : FAIL_CONF);
		big[n] = 'x';
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numeric_addresses_of_both_families_are_read),
	    cmocka_unit_test(anything_else_is_an_error_that_quotes_it),
	    cmocka_unit_test(a_list_is_taken_item_by_item),
	    cmocka_unit_test(empty_and_overlong_items_are_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
