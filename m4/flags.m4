dnl SPDX-License-Identifier: Apache-2.0
dnl Compiler and linker flags: each is tried by itself and left out when the
dnl tool does not know it.

AC_DEFUN([SP_TRY_CFLAG], [
	AC_CACHE_CHECK([whether the compiler knows $1],
	    AS_TR_SH([sp_cv_cflag_$1]), [
		sp_save="$CFLAGS"
		CFLAGS="$CFLAGS -Werror $1"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
		    [AS_TR_SH([sp_cv_cflag_$1])=yes],
		    [AS_TR_SH([sp_cv_cflag_$1])=no])
		CFLAGS="$sp_save"])
	AS_IF([test "x$AS_TR_SH([sp_cv_cflag_$1])" = xyes],
	    [SP_CFLAGS="$SP_CFLAGS $1"])
])

AC_DEFUN([SP_TRY_LDFLAG], [
	AC_CACHE_CHECK([whether the linker knows $1],
	    AS_TR_SH([sp_cv_ldflag_$1]), [
		sp_save="$LDFLAGS"
		LDFLAGS="$LDFLAGS $1"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
		    [AS_TR_SH([sp_cv_ldflag_$1])=yes],
		    [AS_TR_SH([sp_cv_ldflag_$1])=no])
		LDFLAGS="$sp_save"])
	AS_IF([test "x$AS_TR_SH([sp_cv_ldflag_$1])" = xyes],
	    [SP_LDFLAGS="$SP_LDFLAGS $1"])
])

AC_DEFUN([SP_WARNINGS], [
	SP_CFLAGS="-std=c11 -D_GNU_SOURCE"
	m4_foreach_w([flag], [-Wall -Wextra -Wpedantic -Wshadow
	    -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
	    -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla
	    -Wimplicit-fallthrough -Wconversion -Wsign-conversion
	    -Wnull-dereference -Wdouble-promotion -Wlogical-op -Wduplicated-cond
	    -Wduplicated-branches -Wjump-misses-init -Walloca],
	    [SP_TRY_CFLAG(flag)])
])

AC_DEFUN([SP_HARDENING], [
	AS_CASE([$CFLAGS], [*-O0*], [],
	    [SP_CFLAGS="$SP_CFLAGS -U_FORTIFY_SOURCE"
	    AS_IF([test "x$enable_sanitizer" != xyes],
	        [SP_TRY_CFLAG([-D_FORTIFY_SOURCE=3])])])
	m4_foreach_w([flag], [-fstack-protector-strong -fstack-clash-protection
	    -fcf-protection=full -mbranch-protection=standard
	    -ftrivial-auto-var-init=zero -fstrict-flex-arrays=3
	    -fno-delete-null-pointer-checks -fno-strict-overflow -fno-common
	    -fPIE], [SP_TRY_CFLAG(flag)])
	SP_TRY_LDFLAG([-pie])
	SP_TRY_LDFLAG([-Wl,-z,relro])
	SP_TRY_LDFLAG([-Wl,-z,now])
	SP_TRY_LDFLAG([-Wl,-z,noexecstack])
	SP_TRY_LDFLAG([-Wl,-z,separate-code])
	SP_TRY_LDFLAG([-Wl,--as-needed])
])
