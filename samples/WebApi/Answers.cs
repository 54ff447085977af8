namespace WebApi;

internal sealed record Greeting(string Message, long Visits);

internal sealed record Timing(double Asked, double Took);

internal sealed record RedisAnswer(string? Value, long Visits);

internal sealed record SqlAnswer(int Value, string Version, long ConnectionId);

internal sealed record LoopFigures(int Tasks, int Waiting, int Timers, long Steps, long Turns, double Busy, string[] Names);
