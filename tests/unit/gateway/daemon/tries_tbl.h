/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TRY(function, "what it does", unconfined, worker, keeper, broker, recorder,
 *	database, viewer)
 * YES: it works; NO: it fails; END: it ends the process; ANY: not looked at.
 * SECURITY.md has the same table in words.
 */
/* clang-format off */
/*				what it does				 none worker keeper broker recorder database viewer */
TRY(read_master_key,		"read the master key",			 YES, NO,  NO,  NO,  NO,  NO,  NO)
TRY(read_keyring,		"read the keyring",			 YES, NO,  NO,  NO,  NO,  NO,  NO)
TRY(read_spool,			"read the spool",			 YES, NO,  NO,  NO,  YES, NO,  NO)
TRY(read_recording,		"open a recording",			 YES, NO,  NO,  NO,  YES, NO,  NO)
TRY(read_journal,		"read the journal",			 YES, NO,  NO,  YES, NO,  NO,  NO)
TRY(read_database,		"read the database's files",		 YES, NO,  NO,  NO,  NO,  YES, NO)
TRY(read_system,		"read `/etc` and `/usr`",		 YES, NO,  NO,  YES, NO,  YES, NO)
TRY(read_other,			"read any other file",			 YES, NO,  NO,  NO,  NO,  NO,  NO)
TRY(write_spool,		"write the spool",			 YES, END, END, NO,  YES, NO,  END)
TRY(write_recording,		"write a recording",			 YES, END, END, NO,  YES, NO,  END)
TRY(write_journal,		"write the journal",			 YES, END, END, YES, NO,  NO,  END)
TRY(write_database,		"write the database's files",		 YES, END, END, NO,  NO,  YES, END)
TRY(write_other,		"write any other file",			 YES, END, END, NO,  NO,  NO,  END)
TRY(remove_other,		"remove any other file",		 YES, END, END, NO,  NO,  NO,  END)
TRY(rename_other,		"rename any other file",		 YES, END, END, NO,  NO,  NO,  END)
TRY(chmod_master_key,		"change the mode of a file of its user", YES, END, END, END, END, YES, END)
TRY(tcp_connect,		"connect by TCP",			 YES, YES, END, YES, END, NO,  END)
TRY(tcp_listen,			"listen on a TCP port",			 YES, END, END, NO,  END, NO,  END)
TRY(udp_send,			"send by UDP",				 YES, END, END, YES, END, YES, END)
TRY(unix_connect,		"connect to a unix socket",		 YES, END, END, YES, END, YES, END)
TRY(unix_datagram,		"send to a unix datagram socket",	 YES, END, END, END, END, YES, END)
TRY(unix_pair,			"the same, with half of a socket pair",	 YES, END, END, END, END, YES, END)
TRY(netlink_route,		"ask the kernel for its addresses",	 YES, END, END, YES, END, YES, END)
TRY(socket_other,		"open a raw, packet or other socket",	 YES, END, END, END, END, ANY, END)
TRY(start_program,		"start a program",			 YES, END, END, END, END, YES, END)
TRY(become_program,		"become another program",		 YES, END, END, END, END, YES, END)
TRY(start_thread,		"start a thread",			 YES, END, YES, YES, YES, YES, END)
TRY(signal_other,		"signal another process",		 YES, END, END, END, END, NO,  END)
TRY(signal_by_owner,		"the same, with `F_SETOWN`",		 YES, END, END, END, END, ANY, END)
TRY(trace_other,		"trace another process",		 YES, END, END, END, END, NO,  END)
TRY(read_memory_of_other,	"read the memory of another process",	 YES, END, END, END, END, NO,  END)
TRY(limit_other,		"read the limits of another process",	 YES, END, END, END, END, YES, END)
TRY(map_code,			"map memory as code",			 YES, NO,  NO,  YES, NO,  YES, NO)
TRY(map_writable_code,		"map memory that is code and writable",	 YES, NO,  NO,  NO,  NO,  YES, NO)
TRY(make_code,			"turn data into code",			 YES, NO,  NO,  NO,  NO,  YES, NO)
/* clang-format on */
