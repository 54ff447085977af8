namespace EventLoop.Reporting;

/// <summary>Async methods of such a type only call those of others, as lambdas and tests are called: stacks of tasks leave them out.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct, Inherited = false)]
internal sealed class PlumbingAttribute : Attribute
{
    /// <param name="stateMachine">Of an async method; it stands inside the type of the method.</param>
    internal static bool Marks(Type stateMachine)
    {
        for (var type = stateMachine; type is not null; type = type.DeclaringType)
        {
            if (type.IsDefined(typeof(PlumbingAttribute), inherit: false))
            {
                return true;
            }
        }

        return false;
    }
}
