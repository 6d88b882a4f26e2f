// Devices that subscribe, with push tokens that are visibly none.

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

/** The same of an Android device. */
export const gcm = (udid) => ({
  notification_channel: 'gcm',
  push_token: { environment: 'production', client_identification_sequence: randomBytes(64).toString('base64url') },
  device: { platform: 'android', udid },
});

/** A subscription as the server answers it. */
export const subscription = (id, channel, platform, udid) => ({
  subscription: { id, notification_channel: { name: channel }, device: { udid, platform: { name: platform } } },
});
