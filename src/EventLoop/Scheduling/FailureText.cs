namespace EventLoop.Scheduling;

/// <summary>A failure in one line: its type and its message, which is user code and may throw.</summary>
internal static class FailureText
{
    internal static string Of(Exception failure) => $"{failure.GetType().Name}{MessageOf(failure)}";

    private static string MessageOf(Exception failure)
    {
        try
        {
            return $": {failure.Message}";
        }
        catch (Exception broken)
        {
            return $" (its message threw {broken.GetType().Name})";
        }
    }
}
