/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target once over every file of a corpus: the way fuzz targets are
 * part of `make check`.  With libFuzzer this file is empty of code.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifndef SALLYPORT_LIBFUZZER
static int
run_file(const char *dir, const char *name)
{
	char path[4096];
	uint8_t *data;
	FILE *fp;
	long size;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if ((fp = fopen(path, "rb")) == NULL) {
		perror(path);
		return -1;
	}
	if (fseek(fp, 0, SEEK_END) != 0 || (size = ftell(fp)) < 0 ||
	    fseek(fp, 0, SEEK_SET) != 0 ||
	    (data = malloc((size_t)size + 1)) == NULL) {
		(void)fclose(fp);
		return -1;
	}
	n = fread(data, 1, (size_t)size, fp);
	(void)fclose(fp);
	(void)LLVMFuzzerTestOneInput(data, n);
	free(data);
	return 0;
}

int
main(int argc, char **argv)
{
	struct dirent *e;
	DIR *dir;
	size_t n = 0;

	if (argc != 2 || (dir = opendir(argv[1])) == NULL) {
		(void)fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
		return 2;
	}
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (run_file(argv[1], e->d_name) != 0)
			return 1;
		n++;
	}
	(void)closedir(dir);
	(void)printf("%zu inputs\n", n);
	return n > 0 ? 0 : 1;
}
#endif
