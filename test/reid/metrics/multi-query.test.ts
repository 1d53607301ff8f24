import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { multiQueryFeatures } from '../../../reid/metrics/multi-query.js';

test('multi-query: all pictures of the identity in the camera', () => {
  const pictures = { identities: [1, 1, 1, 2], cameras: [0, 0, 1, 0] };
  const features = { data: Float32Array.of(1, 2, 3, 0, 9, 9, 7, 7), dimension: 2 };
  const query = { identities: [1, 2], cameras: [0, 0], files: ['a', 'b'] };
  assert.equal(Array.from(multiQueryFeatures(query, features, pictures)), [2, 1, 7, 7]);
  assert.equal(Array.from(multiQueryFeatures(query, features, pictures, 'max')), [3, 2, 7, 7]);
  assert.throws(
    () => multiQueryFeatures({ ...query, cameras: [0, 1] }, features, pictures),
    /identity 2 in camera 1 for query 1 \(b\)/,
  );
});

test.run();
