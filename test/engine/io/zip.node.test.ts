import { deflateRawSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { crc32 } from '../../../engine/io/crc32.js';
import { readZipDirectory, readZipEntry } from '../../../engine/io/zip.js';
import { bytes, fixture, little, refuses, storedZip } from './fixtures.js';

async function unpack(archive: Uint8Array): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for (const [name, entry] of readZipDirectory(archive, 'a.zip'))
    files[name] = await readZipEntry(archive, entry, 'a.zip');
  return files;
}

/** An archive of one deflated file, with whatever size it claims. */
function deflated(content: Uint8Array, claimed: number): Uint8Array {
  const packed = new Uint8Array(deflateRawSync(content));
  const archive = storedZip({ f: packed }, { method: 8 });
  const at = archive.length - 22 - 47;
  archive.set(little(crc32(content), 4), at + 16);
  archive.set(little(claimed, 4), at + 24);
  return archive;
}

test('checksums of known texts', () => {
  assert.is(crc32(bytes('')), 0);
  assert.is(crc32(bytes('123456789')), 0xcbf43926);
  assert.is(crc32(bytes('The quick brown fox jumps over the lazy dog')), 0x414fa339);
});

test('stored, deflated, ZIP64 and streamed archives', async () => {
  const files = { 'a/one': bytes('hello'), 'a/none': bytes(), 'a/two': new Uint8Array(1000).fill(7) };
  assert.equal(await unpack(storedZip(files)), files);
  assert.equal(await unpack(storedZip(files, { zip64: true })), files);
  assert.equal(await unpack(storedZip({})), {});
  assert.equal(await unpack(deflated(files['a/two'], 1000)), { f: files['a/two'] });
  const plain = Object.values(await unpack(fixture('tensors_zip.pth')));
  assert.equal(Object.values(await unpack(fixture('tensors_deflated.pth'))), plain);
  const commented = bytes(storedZip(files), 'a comment');
  commented.set([9, 0], commented.length - 9 - 2);
  assert.equal(await unpack(commented), files);
});

test('damage and tricks are errors that name the archive', async () => {
  const good = storedZip({ one: bytes('hello'), two: bytes('world') });
  const change = (at: number, ...values: number[]) => {
    const changed = good.slice();
    changed.set(values, at < 0 ? good.length + at : at);
    return changed;
  };
  const central = good.length - 22 - 2 * 49;
  await refuses(() => unpack(good.slice(0, -1)), /a\.zip/, /cut short/);
  await refuses(() => unpack(new Uint8Array(5)), /cut short/);
  await refuses(() => unpack(storedZip({ one: bytes('hello') }, { wrongCrc: 'one' })), /checksum of 'one'/);
  await refuses(() => unpack(storedZip({ one: bytes('x') }, { flags: 1 })), /encrypted/);
  await refuses(() => unpack(storedZip({ one: bytes('x') }, { method: 12 })), /method 12/);
  await refuses(() => unpack(change(-18, 1, 0)), /split/);
  await refuses(() => unpack(change(-12, 3, 0)), /entry 2 of 3|damaged/);
  await refuses(() => unpack(change(-12, 1, 0)), /bytes too many/);
  await refuses(() => unpack(change(-6, 255)), /directory/);
  await refuses(() => unpack(change(central + 24, 6)), /cannot have 6 bytes from 5/);
  await refuses(() => unpack(change(central + 42, 1)), /header of 'one'/);
  await refuses(() => unpack(change(central + 42, ...little(0x7fffffff, 4))), /points outside/);
  await refuses(() => unpack(change(central + 49 + 46, ...bytes('one'))), /header of 'one'|twice/);
  await refuses(() => unpack(change(central + 20, 200, 0, 0, 0, 200)), /damaged|overlap/);
  // The same stretch under two names.
  const overlapping = storedZip({ one: storedZip({ two: bytes('world') }), two: bytes('world') });
  const at = overlapping.length - 22 - 49 + 42;
  overlapping.set(little(33, 4), at);
  await refuses(() => unpack(overlapping), /overlap/);
});

test('deflated data that are damaged, or larger than they say', async () => {
  const content = new Uint8Array(5000).fill(1);
  await refuses(() => unpack(deflated(content, 4999)), /'f' in it does not unpack/, /more than the 4999/);
  await refuses(() => unpack(deflated(content, 5001)), /has 5000 bytes, the directory says 5001/);
  await refuses(() => unpack(deflated(content, 1e9)), /cannot have 1000000000 bytes/);
  const archive = deflated(content, 5000);
  archive[31] ^= 0xff;
  await refuses(() => unpack(archive), /does not unpack|checksum/);
});

test.run();
