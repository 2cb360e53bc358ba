import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressPlaces, peerNetwork } from '../../../../services/server/peer-network.ts';

test('an IPv4 address is one, however it is written', () => {
  assert.equal(peerNetwork('192.0.2.7'), '192.0.2.7');
  assert.equal(peerNetwork('::ffff:192.0.2.7'), '192.0.2.7');
  assert.equal(peerNetwork('::FFFF:192.0.2.7'), '192.0.2.7');
});

test('of IPv6 the first 64 bits are one address, however it is written', () => {
  const network = peerNetwork('2001:db8:0:7:1:2:3:4');
  for (const same of ['2001:db8::7:0:0:0:1', '2001:0DB8:0:7::', '2001:db8:0:7:ffff::1%eth0']) {
    assert.equal(peerNetwork(same), network, same);
  }
  for (const other of ['2001:db8:0:8::', '2001:db8:7::', '2001:db8::7', '::1', '192.0.2.7']) {
    assert.notEqual(peerNetwork(other), network, other);
  }
  assert.equal(peerNetwork('::1'), peerNetwork('0:0:0:0:5::'));
});

test('a peer without an address is counted as well', () => {
  assert.equal(peerNetwork(undefined), '');
});

test('a share of places is rounded down, and at least one', () => {
  assert.equal(addressPlaces(512, 0.25), 128);
  assert.equal(addressPlaces(6, 0.25), 1);
  assert.equal(addressPlaces(2, 0.25), 1);
  assert.equal(addressPlaces(64, 1), 64);
});
