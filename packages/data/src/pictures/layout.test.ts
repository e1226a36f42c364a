import { describe, expect, it } from 'vitest';
import { InputError } from '@surge-bnn/contract';
import { halfOf, type Found } from './layout.js';

const found = (files: string, folders = ''): Found => ({
  where: '/data/x',
  files: files
    .split(' ')
    .filter(Boolean)
    .map((name) => ({ name, size: 1 })),
  folders: folders.split(' ').filter(Boolean),
});

describe('halfOf', () => {
  it('sorts classes and pictures, whatever the order of the disk; hidden files are not there', () => {
    const all = found(
      'train/b/2.jpg train/a/x/10.PNG train/b/1.jpeg train/.DS_Store train/a/.hidden.png test/b/1.png ' +
        'test/a/1.webp train/a/9.png .git/c/1.png train/a/Thumbs.db',
    );
    const train = halfOf(all, 'train');
    expect(train.classes).toEqual(['a', 'b']);
    expect(train.pictures.map(({ name }) => name)).toEqual([
      'train/a/9.png',
      'train/a/x/10.PNG',
      'train/b/1.jpeg',
      'train/b/2.jpg',
    ]);
    expect(train.labels).toEqual([0, 0, 1, 1]);
    expect(train.remarks).toEqual([]);
    expect(halfOf(all, 'test').labels).toEqual([0, 1]);
  });

  it('takes val where there is no test, and says what it passes over', () => {
    const both = found('train/a/1.png train/b/1.png val/a/1.png val/b/1.png');
    expect(halfOf(both, 'test').pictures[0].name).toBe('val/a/1.png');
    const three = found(
      'train/a/1.png train/b/1.png val/a/1.png val/b/1.png test/a/2.png test/b/2.png test/a/list.txt',
    );
    const test = halfOf(three, 'test');
    expect(test.pictures[0].name).toBe('test/a/2.png');
    expect(test.remarks).toEqual([
      '1 file(s) passed over that are no pictures: test/a/list.txt',
      'val is there, too, and not used',
    ]);
  });

  it.each<[string, Found, 'train' | 'test', RegExp]>([
    [
      'an empty folder',
      found(''),
      'train',
      /has no folder train, but no folders at all; pictures belong/,
    ],
    [
      'other folders',
      found('a/b/1.png Train/c/1.png'),
      'train',
      /no folder train, but the folders Train, a;/,
    ],
    ['one class', found('train/a/1.png'), 'train', /has 1 class folder\(s\) in train, at least 2/],
    [
      'no test',
      found('train/a/1.png train/b/1.png'),
      'test',
      /no folder test or val.*data\.holdOut/,
    ],
    [
      'a class too many',
      found('train/a/1.png train/b/1.png test/a/1.png test/b/1.png test/c/1.png'),
      'test',
      /classes in test that train has not: c;/,
    ],
    [
      'a class missing',
      found('train/a/1.png train/b/1.png test/a/1.png'),
      'test',
      /classes in train that test has not: b;/,
    ],
    [
      'an empty class',
      found('train/a/1.png', 'train train/a train/b'),
      'train',
      /class folders without pictures in train: b; pictures end in/,
    ],
    [
      'a class of other files',
      found('train/a/1.png train/b/1.bmp', 'train/b'),
      'train',
      /without pictures in train: b/,
    ],
    [
      'a stray picture',
      found('train/a/1.png train/b/1.png train/2.png'),
      'train',
      /holds train\/2\.png, which lies in no class folder/,
    ],
  ])('refuses %s', (_, all, split, message) => {
    expect(() => halfOf(all, split)).toThrow(InputError);
    expect(() => halfOf(all, split)).toThrow(message);
  });
});
