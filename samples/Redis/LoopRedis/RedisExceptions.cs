namespace Redis.LoopRedis;

/// <summary>The server refuses a command.</summary>
internal sealed class RedisException(string message) : Exception(message);

/// <summary>The connection is gone; whether a command that waited was carried out is not known.</summary>
internal sealed class RedisConnectionException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>What came is not RESP.</summary>
internal sealed class RedisProtocolException(string what) : IOException($"The server does not speak RESP3: {what}.");
