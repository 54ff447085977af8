namespace EventLoop.Testing;

/// <summary>What tests would like to ask of a loop.</summary>
public static class LoopExtensions
{
    extension(Loop)
    {
        /// <inheritdoc cref="TestLoop.WaitUntilIdle"/>
        public static Coroutine WaitUntilIdle() => TestLoop.WaitUntilIdle();
    }
}
