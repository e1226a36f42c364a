/**
 * Tar archives for the tests, written straight from the format's description (POSIX ustar).
 */

/** One entry; type '0' is a file, '5' a folder, 'L' a GNU long name, 'x' pax records. */
export interface FixtureEntry {
  readonly name: string;
  readonly content?: Uint8Array;
  readonly type?: string;
  readonly prefix?: string;
}

/** The bytes of an archive, with the two empty blocks at its end. */
export function tarBytes(entries: readonly FixtureEntry[]): Buffer {
  const blocks = entries.flatMap(
    ({ name, content = new Uint8Array(0), type = '0', prefix = '' }) => {
      const header = Buffer.alloc(512);
      header.write(name, 0, 100);
      header.write('0000644\0', 100);
      header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
      header.write('        ', 148);
      header.write(type, 156);
      header.write('ustar\0', 257);
      header.write('00', 263);
      header.write(prefix, 345, 155);
      const sum = header.reduce((total, byte) => total + byte, 0);
      header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
      return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
    },
  );
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
