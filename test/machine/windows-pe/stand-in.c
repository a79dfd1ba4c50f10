// Stands in for a program of Windows PE, which it is called after: notes its command line, does the little that pe.cmd
// looks at afterwards, and fails where it is told to.
//
//   STAND_IN        folder for calls.txt
//   STAND_IN_FAIL   the beginning of the command line that fails, as it is noted
//   STAND_IN_CODE   its exit code
//   STAND_IN_DISKS  how many disks there are
//   STAND_IN_MAKER  who made the machine
//   STAND_IN_FIRMWARE  0x1 BIOS, 0x2 UEFI
//   target          where Windows goes
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static const char *setting(const char *name);
static void make_folder(const char *below);
static void make_file(const char *below);
static void partition(const char *script);

int main(int count, char **words) {
  const char *slash = strrchr(words[0], '\\');
  char name[64], line[2048], path[MAX_PATH];
  snprintf(name, sizeof name, "%s", slash ? slash + 1 : words[0]);
  char *dot = strchr(name, '.');
  if (dot) *dot = 0;
  int length = snprintf(line, sizeof line, "%s", name);
  for (int index = 1; index < count; index++) {
    length += snprintf(line + length, sizeof line - (size_t)length, " %s", words[index]);
  }
  snprintf(path, sizeof path, "%s\\calls.txt", setting("STAND_IN"));
  FILE *calls = fopen(path, "a");
  if (!calls) return 99;
  fprintf(calls, "%s\n", line);
  fclose(calls);

  const char *fail = setting("STAND_IN_FAIL");
  if (*fail && strncmp(line, fail, strlen(fail)) == 0) return (int)strtol(setting("STAND_IN_CODE"), NULL, 10);
  if (strcmp(name, "diskpart") == 0 && count == 3) partition(words[2]);
  if (strncmp(line, "dism /Apply-Image", 17) == 0) {
    printf("\r[====                  10.0%%                          ] \r[==========100.0%%==========] \r\n");
    make_folder("");
    make_folder("\\Windows");
    make_folder("\\Windows\\System32");
    make_folder("\\Windows\\System32\\Recovery");
    make_file("\\Windows\\System32\\ntoskrnl.exe");
    make_file("\\Windows\\System32\\Recovery\\winre.wim");
  }
  if (strstr(line, "SystemManufacturer")) {
    printf("\r\nHKEY_LOCAL_MACHINE\\HARDWARE\\DESCRIPTION\\System\\BIOS\r\n    SystemManufacturer    REG_SZ    %s\r\n\r\n",
           setting("STAND_IN_MAKER"));
  }
  if (strstr(line, "PEFirmwareType")) {
    printf("\r\nHKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Control\r\n    PEFirmwareType    REG_DWORD    %s\r\n\r\n",
           setting("STAND_IN_FIRMWARE"));
  }
  return 0;
}

static const char *setting(const char *name) {
  const char *value = getenv(name);
  return value ? value : "";
}

static void make_folder(const char *below) {
  char path[MAX_PATH];
  snprintf(path, sizeof path, "%s%s", setting("target"), below);
  CreateDirectoryA(path, NULL);
}

static void make_file(const char *below) {
  char path[MAX_PATH];
  snprintf(path, sizeof path, "%s%s", setting("target"), below);
  FILE *file = fopen(path, "w");
  if (file) fclose(file);
}

// Lists disks as diskpart does, or makes the drive that a script of partitions leaves.
static void partition(const char *script) {
  char line[256];
  FILE *file = fopen(script, "r");
  bool list = false;
  while (file && fgets(line, sizeof line, file)) list = list || strncmp(line, "list disk", 9) == 0;
  if (file) fclose(file);
  printf("\r\nMicrosoft DiskPart version 10.0.26100.1\r\n\r\nCopyright (C) Microsoft Corporation.\r\n"
         "On computer: MININT-1234\r\n\r\n");
  if (!list) {
    make_folder("");
    return;
  }
  printf("  Disk ###  Status         Size     Free     Dyn  Gpt\r\n"
         "  --------  -------------  -------  -------  ---  ---\r\n");
  for (int disk = 0; disk < atoi(setting("STAND_IN_DISKS")); disk++) {
    printf("  Disk %d    Online           64 GB    64 GB        \r\n", disk);
  }
}
