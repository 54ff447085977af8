namespace EventLoop.AspNetCore;

/// <summary>The loop on which the application was made; null: none ran there.</summary>
internal sealed record GivenLoop(Loop? Loop);
