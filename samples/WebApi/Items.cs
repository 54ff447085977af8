using System.ComponentModel.DataAnnotations;

namespace WebApi;

/// <summary>What a client sends; what is wrong with it is answered as problem details before the handler runs.</summary>
public sealed record NewItem(
    [property: Required, StringLength(50, MinimumLength = 1)] string Name,
    [property: Range(0.01, 1_000_000)] decimal Price,
    [property: StringLength(500)] string? Description = null);

/// <summary>One that was added.</summary>
public sealed record Item(int Id, string Name, decimal Price, string? Description);
