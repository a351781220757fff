const format = 0o170000;

/** st_mode of stat(2) as Go's fs.FileMode: type and special bits are elsewhere, permissions are the same. */
export function goFileMode(mode: number): number {
  let bits = mode & 0o777;
  const add = (bit: number) => (bits += 2 ** bit);
  if ((mode & 0o4000) !== 0) add(23);
  if ((mode & 0o2000) !== 0) add(22);
  if ((mode & 0o1000) !== 0) add(20);
  switch (mode & format) {
    case 0o040000: // directory
      add(31);
      break;
    case 0o120000: // symlink
      add(27);
      break;
    case 0o010000: // named pipe
      add(25);
      break;
    case 0o140000: // socket
      add(24);
      break;
    case 0o020000: // character device
      add(26);
      add(21);
      break;
    case 0o060000: // block device
      add(26);
      break;
    default:
      break;
  }
  return bits;
}
