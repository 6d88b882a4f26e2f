// Devices that subscribe. Their push tokens are visibly fake.

import { randomBytes } from 'node:crypto';

/** The documented request of an iOS device. */
export const apns = (udid) => ({
  notification_channel: 'apns',
  push_token: {
    environment: 'development',
    client_identification_sequence: randomBytes(32).toString('hex'),
    bundle_identifier: 'com.example.app',
  },
  device: { platform: 'ios', udid },
});

/** The same request of an Android device. */
export const gcm = (udid) => ({
  notification_channel: 'gcm',
  push_token: { environment: 'production', client_identification_sequence: randomBytes(64).toString('base64url') },
  device: { platform: 'android', udid },
});

/** Returns a subscription as the server returns it. */
export const subscription = (id, channel, platform, udid) => ({
  subscription: { id, notification_channel: { name: channel }, device: { udid, platform: { name: platform } } },
});
