import { encode } from 'fast-png';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeImage, encodeJpeg, encodePng, imageFormat } from '../../datasets/index.js';
import { failsWith } from './fails-with.js';
import { bytesOf, pseudoPicture } from './pseudo-picture.js';

/** Files written by Pillow 9.4, and what its convert('RGB') makes of them; all are 5 x 3. */
const PNG: readonly { kind: string; file: string; rgb: number[] }[] = [
  {
    kind: 'grey1',
    file: 'iVBORw0KGgoAAAANSUhEUgAAAAUAAAADAQAAAABzTfhVAAAADklEQVR4nGOIYPJgEAAAAq4As79yd2gAAAAASUVORK5CYII=',
    rgb: [
      0, 0, 0, 255, 255, 255, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 255, 255, 255, 0, 0, 0, 0,
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 0, 0, 0,
    ],
  },
  {
    kind: 'grey8',
    file:
      'iVBORw0KGgoAAAANSUhEUgAAAAUAAAADCAAAAAB+XZokAAAAGklEQVR4nGNQ3pl++zjj1ioX0S1M1S95vEUARYcG9NTgwAEAAAAA' +
      'SUVORK5CYII=',
    rgb: [
      35, 35, 35, 185, 185, 185, 103, 103, 103, 219, 219, 219, 199, 199, 199, 181, 181, 181, 47, 47, 47, 115, 115, 115,
      136, 136, 136, 60, 60, 60, 48, 48, 48, 24, 24, 24, 127, 127, 127, 211, 211, 211, 80, 80, 80,
    ],
  },
  {
    kind: 'greyAlpha',
    file:
      'iVBORw0KGgoAAAANSUhEUgAAAAUAAAADCAQAAADxPw1zAAAAKklEQVR4nGNQ1tn5OJ379snjiYxb31RxusSKum7xYqn+8rKfZ7I3' +
      '+4lPAPGODt6gnGK4AAAAAElFTkSuQmCC',
    rgb: [
      35, 35, 35, 185, 185, 185, 103, 103, 103, 219, 219, 219, 199, 199, 199, 181, 181, 181, 47, 47, 47, 115, 115, 115,
      136, 136, 136, 60, 60, 60, 48, 48, 48, 24, 24, 24, 127, 127, 127, 211, 211, 211, 80, 80, 80,
    ],
  },
  {
    kind: 'palette4',
    file:
      'iVBORw0KGgoAAAANSUhEUgAAAAUAAAADBAMAAACpGNjLAAAAMFBMVEXsz5fctmuX7uVj8FszpalfkwLSJ5xKJYszNQgyVI0mFZ4o' +
      'DSMAAAAAAAAAAAAAAAAd1QG4AAAAFElEQVR4nGMoTBBgsAgpYFjtNAEAEfwDW1ROBZQAAAAASUVORK5CYII=',
    rgb: [
      74, 37, 139, 220, 182, 107, 210, 39, 156, 236, 207, 151, 220, 182, 107, 99, 240, 91, 51, 53, 8, 95, 147, 2, 51,
      165, 169, 74, 37, 139, 38, 21, 158, 40, 13, 35, 51, 165, 169, 151, 238, 229, 50, 84, 141,
    ],
  },
  {
    kind: 'palette2',
    file:
      'iVBORw0KGgoAAAANSUhEUgAAAAUAAAADAgMAAAAmWC1rAAAADFBMVEW815JCn3FgNW8mEnWNx8CXAAAAEUlEQVR4nGM4wcCQ2sDw' +
      'pQEADKoDIt3CPD4AAAAASUVORK5CYII=',
    rgb: [
      38, 18, 117, 188, 215, 146, 96, 53, 111, 188, 215, 146, 188, 215, 146, 66, 159, 113, 96, 53, 111, 66, 159, 113,
      66, 159, 113, 96, 53, 111, 38, 18, 117, 38, 18, 117, 66, 159, 113, 188, 215, 146, 96, 53, 111,
    ],
  },
  {
    kind: 'palette1',
    file:
      'iVBORw0KGgoAAAANSUhEUgAAAAUAAAADAQMAAABh+Fe7AAAABlBMVEWOwoVHJnLAjzmkAAAADklEQVR4nGNYwODBcAIABMYBsa9g' +
      'YCAAAAAASUVORK5CYII=',
    rgb: [
      71, 38, 114, 142, 194, 133, 71, 38, 114, 142, 194, 133, 142, 194, 133, 142, 194, 133, 71, 38, 114, 142, 194, 133,
      142, 194, 133, 71, 38, 114, 71, 38, 114, 71, 38, 114, 142, 194, 133, 142, 194, 133, 71, 38, 114,
    ],
  },
  {
    kind: 'paletteTransparent',
    file:
      'iVBORw0KGgoAAAANSUhEUgAAAAUAAAADAgMAAAAmWC1rAAAADFBMVEW815JCn3FgNW8mEnWNx8CXAAAABHRSTlMAgP//7IBv5QAA' +
      'ABFJREFUeJxjOMHAkNrA8KUBAAyqAyLdwjw+AAAAAElFTkSuQmCC',
    rgb: [
      38, 18, 117, 188, 215, 146, 96, 53, 111, 188, 215, 146, 188, 215, 146, 66, 159, 113, 96, 53, 111, 66, 159, 113,
      66, 159, 113, 96, 53, 111, 38, 18, 117, 38, 18, 117, 66, 159, 113, 188, 215, 146, 96, 53, 111,
    ],
  },
  {
    kind: 'rgba',
    file:
      'iVBORw0KGgoAAAANSUhEUgAAAAUAAAADCAYAAABbNsX4AAAASklEQVR4nAE/AMD/ACwRaizctmvj0iecC//J2snZ1FNhAWPwW+zQ' +
      'Ra0JLF76XfsSaEXwgCFKAB8Z0uAoDSN7DKXn5Zfu5ewyVI3e2YsffYVbt/YAAAAASUVORK5CYII=',
    rgb: [
      44, 17, 106, 220, 182, 107, 210, 39, 156, 255, 201, 218, 217, 212, 83, 99, 240, 91, 51, 53, 8, 95, 147, 2, 90,
      165, 106, 74, 37, 139, 31, 25, 210, 40, 13, 35, 12, 165, 231, 151, 238, 229, 50, 84, 141,
    ],
  },
];

for (const { kind, file, rgb } of PNG) {
  test(`PNG ${kind} decodes as Pillow does`, async () => {
    const { width, height, data } = await decodeImage(bytesOf(file), kind);
    assert.equal([width, height], [5, 3]);
    assert.equal([...data], rgb);
  });
}

/** 16-bit kinds, with and without interlacing: the high byte of each sample is what remains. */
for (const channels of [1, 2, 3, 4]) {
  for (const interlace of ['null', 'Adam7'] as const) {
    test(`PNG of ${channels} x 16 bits, interlace ${interlace}`, async () => {
      const samples = Uint16Array.from({ length: 5 * 3 * channels }, (_, i) => (i * 4099) & 0xffff);
      const file = encode({ width: 5, height: 3, data: samples, channels, depth: 16 }, { interlace });
      const { data } = await decodeImage(file, 'deep.png');
      const expected = Array.from({ length: 15 }, (_, pixel) => {
        const high = (channel: number) => samples[pixel * channels + channel]! >> 8;
        return channels < 3 ? [high(0), high(0), high(0)] : [high(0), high(1), high(2)];
      }).flat();
      assert.equal([...data], expected);
    });
  }
}

test('PNG and JPEG survive a round trip', async () => {
  const picture = pseudoPicture(9, 6);
  assert.equal([...(await decodeImage(await encodePng(picture), 'a.png')).data], [...picture.data]);
  const smooth = { width: 16, height: 8, data: Uint8Array.from({ length: 16 * 8 * 3 }, (_, i) => (i * 2) / 3) };
  const decoded = await decodeImage(await encodeJpeg(smooth, 98), 'a.jpg');
  assert.equal([decoded.width, decoded.height], [16, 8]);
  assert.ok(decoded.data.every((value, i) => Math.abs(value - smooth.data[i]!) <= 6));
});

/** A 16 x 16 ramp written by Pillow 9.4, with three of the pixels that it reads back. */
const JPEG: readonly { kind: string; file: string; pixels: [number, number, number[]][] }[] = [
  {
    kind: 'baseline444',
    file:
      '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMU' +
      'FRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU' +
      'FBQUFBQUFBT/wAARCAAQABADAREAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUF' +
      'BAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVW' +
      'V1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi' +
      '4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAEC' +
      'AxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVm' +
      'Z2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq' +
      '8vP09fb3+Pn6/9oADAMBAAIRAxEAPwD5V8KfCn7n7n9K/YMZnG+p5/Def/D7x7N4T+FP3P3P6V8NjM431P6r4bz/AOH3j2Lwn8Kf' +
      'ufuf0r4fGZxvqf5jcN598Op7N4U+FP3P3P6V8LjM431P6q4bz74dT//Z',
    pixels: [
      [0, 0, [2, 0, 128]],
      [5, 9, [80, 144, 130]],
      [15, 15, [241, 239, 128]],
    ],
  },
  {
    kind: 'progressive',
    file:
      '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMU' +
      'FRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU' +
      'FBQUFBQUFBT/wgARCAAQABADAREAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAABgf/xAAYAQACAwAAAAAAAAAAAAAAAAAFBwQG' +
      'CP/aAAwDAQACEAMQAAABlVwjswTVYg8xswTV/8QAFhAAAwAAAAAAAAAAAAAAAAAAAAQF/9oACAEBAAEFAlZQpKFJQrKP/8QAGBEA' +
      'AwEBAAAAAAAAAAAAAAAAAAQFMSH/2gAIAQMBAT8Bmv50mv50mv4TX8P/xAAWEQADAAAAAAAAAAAAAAAAAAAAAwT/2gAIAQIBAT8B' +
      'dYOsHWDrD//EABUQAQEAAAAAAAAAAAAAAAAAAAAx/9oACAEBAAY/AoiI/8QAFRABAQAAAAAAAAAAAAAAAAAAADH/2gAIAQEAAT8h' +
      'mxYs3//aAAwDAQACAAMAAAAQDS//xAAWEQEBAQAAAAAAAAAAAAAAAAAAURD/2gAIAQMBAT8QxEoUP//EABYRAAMAAAAAAAAAAAAA' +
      'AAAAAAAhMf/aAAgBAgEBPxCjKMoyjP/EABUQAQEAAAAAAAAAAAAAAAAAAADx/9oACAEBAAE/EJSEhJT/2Q==',
    pixels: [
      [0, 0, [2, 0, 128]],
      [5, 9, [80, 144, 130]],
      [15, 15, [241, 239, 128]],
    ],
  },
  {
    kind: 'grey',
    file:
      '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMU' +
      'FRUVDA8XGBYUGBIUFRT/wAALCAAQABABAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUF' +
      'BAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVW' +
      'V1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi' +
      '4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/APlXwp8Kfufuf0r2bwn8Kfufuf0r2Lwn8Kfufuf0r2bwp8Kfufuf0r//2Q==',
    pixels: [
      [0, 0, [15, 15, 15]],
      [5, 9, [123, 123, 123]],
      [15, 15, [227, 227, 227]],
    ],
  },
];

for (const { kind, file, pixels } of JPEG) {
  test(`JPEG ${kind} decodes as Pillow does`, async () => {
    const { width, height, data } = await decodeImage(bytesOf(file), kind);
    assert.equal([width, height], [16, 16]);
    for (const [x, y, expected] of pixels) {
      const found = [...data.subarray((y * 16 + x) * 3, (y * 16 + x) * 3 + 3)];
      assert.ok(
        found.every((value, i) => Math.abs(value - expected[i]!) <= 2),
        `${x},${y}: ${found}, Pillow ${expected}`,
      );
    }
  });
}

test('a JPEG that was cut short is an error that names it, wherever the cut is', async () => {
  const file = bytesOf(JPEG[0]!.file);
  for (const length of [3, 30, 200, 640, file.length - 40, file.length - 2]) {
    await failsWith(() => decodeImage(file.subarray(0, length), 'cut.jpg'), 'cut.jpg', 'Copy it again');
  }
});

test('a PNG that was cut short or damaged is an error that names it', async () => {
  const file = await encodePng(pseudoPicture(16, 16));
  for (const length of [9, 40, 300, file.length - 5]) {
    await failsWith(() => decodeImage(file.subarray(0, length), 'cut.png'), 'cut.png', 'Copy it again');
  }
  const damaged = file.slice();
  damaged[100]! ^= 0xff;
  await failsWith(() => decodeImage(damaged, 'bad.png'), 'bad.png');
});

test('an empty file, a text and other formats are told apart', async () => {
  await failsWith(() => decodeImage(new Uint8Array(0), 'none.jpg'), 'none.jpg', '0 bytes');
  await failsWith(
    () => decodeImage(new TextEncoder().encode('not a picture'), 'note.jpg'),
    'note.jpg',
    'not a picture',
  );
  const webp = new TextEncoder().encode('RIFF____WEBPVP8 ');
  assert.is(imageFormat(webp), 'WebP');
  await failsWith(() => decodeImage(webp, 'a.jpg'), 'a.jpg', 'WebP', 'Convert');
});

test.run();
