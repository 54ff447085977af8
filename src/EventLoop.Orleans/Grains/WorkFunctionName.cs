using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using EventLoop.Executors.Work;
using Orleans;

namespace EventLoop.Orleans.Grains;

/// <summary>A <see cref="WorkName"/> as Orleans transfers it.</summary>
[GenerateSerializer, Immutable, Alias("EventLoop.WorkFunctionName")]
internal sealed class WorkFunctionName
{
    [Id(0)]
    public string Assembly { get; init; } = "";

    [Id(1)]
    public string Version { get; init; } = "";

    [Id(2)]
    public Guid Build { get; init; }

    [Id(3)]
    public int Token { get; init; }

    [Id(4)]
    public string Signature { get; init; } = "";

    [Id(5)]
    public string[] TypeArguments { get; init; } = [];

    [Id(6)]
    public string Display { get; init; } = "";

    internal static WorkFunctionName Of(WorkName name) => new()
    {
        Assembly = name.Assembly,
        Version = name.Version,
        Build = name.Build,
        Token = name.Token,
        Signature = name.Signature,
        TypeArguments = name.TypeArguments,
        Display = name.Display,
    };

    /// <summary>Makes a number of it: the same for everybody who names this function of this build, so that a silo has to keep each function once.</summary>
    internal Guid ToNumber()
    {
        string all = string.Join('\n', [Assembly, Build.ToString(), Token.ToString(CultureInfo.InvariantCulture), Signature, .. TypeArguments]);
        return new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(all)).AsSpan(0, 16));
    }

    internal WorkName ToName() => new(Assembly, Version, Build, Token, Signature, TypeArguments, Display);
}
