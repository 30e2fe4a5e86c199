//! Tests over loopback with clients written on `wire` alone.
